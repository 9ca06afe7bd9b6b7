"""The language somebody is written to in: that of the form by which they came, until they come by another."""

from datetime import timedelta

from sqlalchemy import select

from funnel.audience import by_hand, ending, own_data, signup
from funnel.audience.by_hand import Newcomer
from funnel.models.people import SignUp, Subscriber
from tests.audience_cast import VISIT, confirms, signs_up
from tests.conftest import NOW
from tests.factories import a_form

LATER = NOW + timedelta(days=1)


def language(session):
    session.expire_all()
    return session.scalars(select(Subscriber.language)).one()


def test_who_signs_up_is_written_to_in_the_language_of_the_form(session):
    sign_up = signs_up(session, a_form(session, language="it"))
    assert (sign_up.language, language(session)) == ("it", "it")


def test_the_form_that_led_to_confirming_says_the_language(session):
    signs_up(session, a_form(session, language="it"))
    confirms(session, signs_up(session, a_form(session, language="de"), now=LATER), LATER)
    assert language(session) == "de"


def test_a_sign_up_by_another_form_changes_nobody_who_is_in(session):
    confirms(session, signs_up(session, a_form(session, language="it")))
    confirms(session, signs_up(session, a_form(session, language="de"), now=LATER), LATER)
    assert language(session) == "it"


def test_who_comes_back_by_another_form_gets_its_language(session):
    person = confirms(session, signs_up(session, a_form(session, language="it")))
    ending.leave(session, person.id, "a button", VISIT, NOW)
    confirms(session, signs_up(session, a_form(session, language="de"), now=LATER), LATER)
    assert language(session) == "de"


def test_a_mail_sent_again_is_in_the_language_of_the_first(session):
    first = signs_up(session, a_form(session, language="fr"))
    again = signup.again(session, first.id, VISIT, LATER)
    assert again.language == "fr"


def test_somebody_added_by_hand_gets_the_language_of_the_form(session):
    form = a_form(session, language="es")
    person = by_hand.ask(session, Newcomer("ada@example.org", "Ada", "a signed paper of 3 March", form), NOW)
    assert (person.language, session.scalars(select(SignUp.language)).one()) == ("es", "es")


def test_it_is_among_what_somebody_may_see_of_their_data(session):
    person = confirms(session, signs_up(session, a_form(session, language="it")))
    held = own_data.export(session, person.id)
    assert (held["subscriber"]["language"], held["sign_ups"][0]["language"]) == ("it", "it")
