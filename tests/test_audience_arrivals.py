"""Sign-ups of one moment: each row as if it had come alone, and who is not usual is left to be asked."""

from datetime import timedelta

import pytest
from sqlalchemy import inspect, select

from funnel.audience import arrivals, signup
from funnel.audience.arrivals import Arrival
from funnel.audience.risk import Facts, Sign
from funnel.audience.signup import Looks, Typed
from funnel.audience.visit import Visit
from funnel.db import utc_now
from funnel.models.people import FormState, SignUp
from tests.factories import a_form, a_sign_up

NOW = utc_now()
UTM = {"utm_source": "letter", "utm_medium": "“quoted”, \\ and ü"}


@pytest.fixture
def form(session):
    return a_form(session, slug="back-care", wording='I\'d like "tips" \\ by mail · può')


def arrives(form, email="ada@example.org", network="198.51.100.7", slug=None, at=NOW, **known):
    typed = Typed(email, "Ada", "Europe/Rome")
    facts = Facts(email=email, first_name="Ada", seconds=20, **known)
    return Arrival(slug or form.slug, form.id, typed, "a-post", UTM, Visit(network, "Firefox"), facts, at)


def rows(session):
    session.expire_all()
    return session.scalars(select(SignUp).order_by(SignUp.id)).all()


def test_a_row_is_the_same_as_of_one_who_came_alone(session, form):
    spelled = "A.da+tips@gmail.com"
    (taken,) = arrivals.take(session, [arrives(form, spelled)])
    alone = signup.sign_up(
        session, form, Typed(spelled, "Ada", "Europe/Rome"), "a-post", UTM, Visit("198.51.100.7", "Firefox"), NOW,
        Looks((Sign.DISGUISED,)),
    )  # fmt: skip
    together, alone = rows(session)
    assert taken.sign_up_id == together.id
    same = [column.key for column in inspect(SignUp).column_attrs if column.key not in {"id", "nonce"}]
    assert {name: getattr(together, name) for name in same} == {name: getattr(alone, name) for name in same}
    assert len(together.nonce) == signup.NONCE_BYTES
    assert together.nonce != alone.nonce


def test_each_gets_the_id_of_their_own_row_and_what_leads_on_of_their_form(session, form):
    other = a_form(session, slug="shoulders", language="it", thanks_url="https://example.org/grazie")
    asked = [arrives(form if at % 2 else other, f"r{at}@example.org", f"198.51.{at}.7") for at in range(12)]
    taken = arrivals.take(session, asked)
    emails = {row.id: (row.email, row.language) for row in rows(session)}
    assert [emails[one.sign_up_id][0] for one in taken] == [one.typed.email for one in asked]
    assert {emails[one.sign_up_id][1] for one in taken if one.form.slug == "shoulders"} == {"it"}
    assert {one.form.thanks_url for one in taken[::2]} == {"https://example.org/grazie"}


def test_whoever_looks_risky_is_left_to_be_asked_and_holds_up_nobody(session, form):
    asked = [arrives(form, "tool@example.org", is_tool=True), arrives(form)]
    tool, person = arrivals.take(session, asked)
    assert tool is None
    assert [row.id for row in rows(session)] == [person.sign_up_id]


def test_what_came_from_their_network_before_is_weighed(session, form):
    for at in range(5):
        a_sign_up(
            session, form, email=f"r{at}@example.org", network="198.51.100.7", wide="198.51.100.0/24", created_at=NOW
        )
    crowded, alone = arrivals.take(session, [arrives(form), arrives(form, network="203.0.113.9")])
    assert session.get(SignUp, crowded.sign_up_id).signs == [Sign.MANY_FROM_NETWORK]
    assert session.get(SignUp, alone.sign_up_id).signs == []


@pytest.mark.parametrize("what", ["another form's token", "no form", "a closed form"])
def test_nobody_is_taken_by_a_form_that_is_not_open_or_not_theirs(session, form, what):
    other = a_form(session, slug="shoulders")
    asked = arrives(form)
    if what == "another form's token":
        asked = arrives(form, slug=other.slug)
    elif what == "no form":
        asked = Arrival("gone", 0, asked.typed, "", {}, asked.visit, asked.facts, NOW)
    else:
        form.state = FormState.RETIRED
        session.flush()
    assert arrivals.take(session, [asked]) == [None]
    assert rows(session) == []


def test_who_tries_it_out_on_their_own_machine_is_not_weighed(session, form):
    asked = Arrival(form.slug, form.id, Typed("x@mailinator.com"), "", {}, Visit("127.0.0.1", ""), None, NOW)
    (taken,) = arrivals.take(session, [asked])
    assert session.get(SignUp, taken.sign_up_id).signs == []


def test_each_keeps_the_moment_it_came(session, form):
    early, late = arrivals.take(session, [arrives(form, at=NOW - timedelta(seconds=1)), arrives(form, "b@example.org")])
    assert session.get(SignUp, early.sign_up_id).created_at < session.get(SignUp, late.sign_up_id).created_at
