"""The evidence of consent: what was shown then, though the form says something else now; in order; who looked."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.audience import answer, chosen, confirmation, ending, evidence, own_data
from funnel.audience.visit import Visit
from funnel.models.choices_made import Chose
from funnel.models.house import AuditEntry
from funnel.models.people import SignUpState, SubscriberState
from funnel.programme import form_words, forms
from tests.conftest import NOW
from tests.factories import a_form, a_sign_up, a_subscriber
from tests.owner_data import signed_in

DAY = timedelta(days=1)


@pytest.fixture
def ada(session):
    form = a_form(session, slug="backs", title="Eight mails", promise="One thing in each.", created_at=NOW - 9 * DAY)
    person = a_subscriber(session, email="ada@example.org", state=SubscriberState.PENDING, confirmed_at=None)
    sign_up = a_sign_up(
        session, form, email="ada@example.org", state=SignUpState.SETTLED, subscriber_id=person.id, source="instagram"
    )
    answer.ask(session, sign_up, answer.BY_FORM, form.wording, NOW)
    confirmation.confirm(session, confirmation.token(sign_up), Visit("192.0.2.7", "Firefox"), NOW + DAY / 24)
    chosen.note(session, person.id, Chose.TOPICS, NOW + DAY, off=["Sitting"], on=[])
    values, _ = form_words.read(session, form_words.typed(session, form) | {"title": "Other words", "wording": "New."})
    based = forms.held(session, form.id)
    forms.save(session, based, values, based_on=0, owner_id=None, why="", now=NOW + 2 * DAY)
    ending.leave(session, person.id, "one click", Visit("", ""), NOW + 3 * DAY)
    session.commit()
    return person


def test_the_lines_stand_in_order_with_what_the_form_showed_at_that_time(session, ada):
    lines = evidence.of(session, ada.id)
    assert [line.said for line in lines] == [
        "Asked for the mails",
        "Confirmed the address",
        "Does not want: Sitting",
        "Withdrew",
    ]
    asked, confirmed = lines[:2]
    assert (asked.shown.words["title"], asked.shown.words["promise"]) == ("Eight mails", "One thing in each.")
    assert asked.agreed_to == "Send me the back-care course by mail."
    assert (asked.source, asked.network, confirmed.agent) == ("instagram", "192.0.2.0/24", "Firefox")


def test_what_a_form_says_that_was_never_edited_is_what_was_shown(session):
    form = a_form(session, title="As ever")
    shown = evidence.shown(session, form, NOW)
    assert (shown.revision, shown.words["title"]) == (0, "As ever")


def test_the_page_and_the_file_say_the_same_and_who_looked_is_written_down(app, session, ada):
    desk = signed_in(app)
    page = desk.get(f"/owner/people/{ada.id}/evidence").text
    for words in ("Eight mails", "Confirmed the address", "Does not want: Sitting", "Withdrew", "instagram"):
        assert words in page
    assert "Other words" not in page
    file = json.loads(desk.get(f"/owner/people/{ada.id}/evidence.json").text)
    assert [line["said"] for line in file["lines"]] == [line.said for line in evidence.of(session, ada.id)]
    assert (file["lines"][2]["kind"], file["lines"][2]["detail"]["off"]) == ("choice: topics", ["Sitting"])
    assert file["lines"][0]["shown"]["words"]["title"] == "Eight mails"
    looks = select(AuditEntry.detail["how"].astext).where(AuditEntry.action == evidence.LOOKS).order_by(AuditEntry.id)
    assert session.scalars(looks).all() == ["page", "file"]
    assert f"/owner/people/{ada.id}/evidence" in desk.get(f"/owner/people/{ada.id}").text


def test_of_somebody_erased_the_lines_stay_and_name_nobody(app, session, ada):
    own_data.erase(session, ada.id, NOW + 4 * DAY)
    session.commit()
    page = signed_in(app).get(f"/owner/people/{ada.id}/evidence").text
    assert "because you must be able to show" in page
    assert "Confirmed the address" in page
    assert "ada@example.org" not in page
    assert "192.0.2" not in page


def test_nobodys_page_is_not_found_and_readers_get_theirs_with_their_data(app, session, ada):
    assert signed_in(app).get("/owner/people/4711/evidence").status_code == 404
    told = own_data.export(session, ada.id)["evidence"]
    assert told[0]["said"] == "Asked for the mails"
