"""The evidence of consent: what was shown then, though the form says something else now; in order; who looked."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.audience import answer, chosen, confirmation, ending, evidence, former, letting_in, own_data, shown, witness
from funnel.audience.visit import Visit
from funnel.db import utc_now
from funnel.models.bulk import BulkAction, BulkChange, BulkJob
from funnel.models.choices_made import Choice, Chose
from funnel.models.house import AuditEntry
from funnel.models.people import Consent, ConsentKind, SignUpState, SubscriberState
from funnel.programme import form_words, forms
from tests.conftest import NOW
from tests.factories import a_form, a_sign_up, a_subscriber, add
from tests.owner_data import press, signed_in

DAY = timedelta(days=1)


def edited(session, form, at, **words):
    values, _ = form_words.read(session, form_words.typed(session, form) | words)
    forms.save(session, forms.held(session, form.id), values, based_on=0, owner_id=None, why="", now=at)


@pytest.fixture
def ada(session):
    form = a_form(session, slug="backs", title="Eight mails", promise="One thing in each.", created_at=NOW - 9 * DAY)
    person = a_subscriber(session, email="ada@example.org", state=SubscriberState.PENDING, confirmed_at=None)
    sign_up = a_sign_up(
        session, form, email="ada@example.org", state=SignUpState.SETTLED, subscriber_id=person.id, source="instagram"
    )
    answer.ask(session, sign_up, witness.BY_FORM, form.wording, NOW)
    confirmation.confirm(session, confirmation.token(sign_up), Visit("192.0.2.7", "Firefox"), NOW + DAY / 24)
    chosen.note(session, person.id, Chose.TOPICS, NOW + DAY, off=["Sitting"], on=[])
    edited(session, form, NOW + 2 * DAY, title="Other words", wording="New.")
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


def test_the_page_of_a_confirmation_shows_what_was_agreed_to_and_the_evidence_says_the_same(client, session):
    form = a_form(session, title="Eight mails", wording="Send me eight mails.")
    person = a_subscriber(session, email="ada@example.org", state=SubscriberState.PENDING, confirmed_at=None)
    then = utc_now() - DAY
    of = {"state": SignUpState.SETTLED, "subscriber_id": person.id, "created_at": then, "wording": form.wording}
    sign_up = a_sign_up(session, form, email="ada@example.org", **of)
    answer.ask(session, sign_up, witness.BY_FORM, form.wording, then)
    edited(session, form, then + DAY / 24, title="Ninety mails", promise="Offers.", wording="Send me offers.")
    session.commit()
    page = client.get(f"/confirm/{confirmation.token(sign_up)}").text
    client.post(f"/confirm/{confirmation.token(sign_up)}")
    confirmed = evidence.of(session, person.id)[1]
    assert confirmed.agreed_to == confirmed.shown.words["wording"] == "Send me eight mails."
    for words in confirmed.shown.words.values():
        assert words in page or f"Yes, {words[:1].lower()}{words[1:]}" in page
    assert "Ninety" not in page
    assert "offers" not in page


def test_a_page_of_which_nothing_is_known_is_not_said_to_have_shown_anything(session):
    person = a_subscriber(session)
    form = a_form(session)
    before = {"subscriber_id": person.id, "form_id": form.id, "how": "button on the confirmation page", "at": NOW}
    session.add(Consent(kind=ConsentKind.CONFIRMED, wording=form.wording, **before))
    session.add(Consent(kind=ConsentKind.ASKED, wording="On paper", **before | {"how": "told the owner"}))
    session.flush()
    assert [line.shown for line in evidence.of(session, person.id)] == [None, None]


def test_what_the_owner_let_in_and_took_back_is_told_with_why_it_was_refused(app, session):
    sign_up = a_sign_up(session, email="zoe@example.org", state=SignUpState.REFUSED, reason="network limit")
    other = a_sign_up(session, state=SignUpState.REFUSED, reason="address limit")
    session.commit()
    desk = signed_in(app)
    for where in ("/owner/door/let-in", "/owner/door/undo/{}", "/owner/door/let-in"):
        entry = session.scalar(select(AuditEntry.id).order_by(AuditEntry.id.desc()).limit(1))
        press(desk, where.format(entry), on="/owner/door", id=[str(sign_up.id), str(other.id)])
    session.expire_all()
    lines = [line for line in evidence.of(session, sign_up.subscriber_id) if line.by == "owner"]
    let_in = ("Let in their sign-up, which had been refused", "network limit")
    assert [(line.said, line.how) for line in lines] == [
        let_in, ("Took back that their sign-up was let in", "network limit"), let_in
    ]  # fmt: skip
    assert lines[0].detail == {"sign_up": sign_up.id, "refused": "network limit"}
    assert "Let in their sign-up" in desk.get(f"/owner/people/{sign_up.subscriber_id}/evidence").text
    assert letting_in.deeds(session, [4711], 10) == []


def test_of_every_sort_the_newest_are_told_and_a_line_says_where_older_ones_are_left_out(session, monkeypatch):
    monkeypatch.setattr(evidence, "MOST", 2)
    person = a_subscriber(session)
    for day in range(4):
        at = NOW + day * DAY
        session.add(Consent(subscriber_id=person.id, kind=ConsentKind.ASKED, at=at))
        session.add(Choice(subscriber_id=person.id, chose=Chose.PAUSE, at=at))
        former.give_up(session, person.id, bytes([day]) * 16, at)
        session.add(AuditEntry(action="paused a person", detail={"subscriber": person.id}, at=at))
        job = add(session, BulkJob(action=BulkAction.UNTAG, newest=0, total=1, made_at=at))
        session.add(BulkChange(job_id=job.id, subscriber_id=person.id, before={}))
    session.flush()
    lines = evidence.of(session, person.id)
    assert [line.at for line in lines if line.kind == "cut"] == [NOW + DAY] * 5
    told = [line.at for line in lines if line.kind != "cut"]
    assert told == sorted([NOW + 2 * DAY, NOW + 3 * DAY] * 5)
    assert lines[0].said == evidence.CUT


def test_what_a_form_says_that_was_never_edited_is_what_was_shown(session):
    form = a_form(session, title="As ever")
    then = shown.of(session, form, NOW)
    assert (then.revision, then.words["title"]) == (0, "As ever")


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
