"""The editor of a mail, without script: saved, kept as a draft, refused with what was typed, two editors at once."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.models.content import SequenceState, Step
from funnel.models.editing import Draft, Kind, Revision, Transfer
from funnel.models.house import AuditEntry, Owner
from funnel.programme import editing, wording
from tests.owner_data import Practice, press, signed_in, token

EDIT = "/owner/mails/2/edit"


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app, practice):
    return signed_in(app)


@pytest.fixture
def typed(practice):
    return wording.typed(practice.steps[1])


def save(desk, typed, based_on=1, path=EDIT, **changes):
    return press(desk, path, on=EDIT, based_on=str(based_on), **(typed | changes))


def kept(session):
    session.expire_all()
    return session.scalars(select(Draft).where(Draft.discarded_at.is_(None))).one_or_none()


def mail(session):
    session.expire_all()
    return session.get(Step, 2)


def somebody_else_saves(session, **changes):
    other = Owner(email="ben@example.org", password_hash="", session_key="b", created_at=utc_now())
    session.add(other)
    session.flush()
    step = session.get(Step, 2)
    values = wording.read(wording.typed(step) | changes)[0]
    editing.save(session, step, values, based_on=step.revision, owner_id=other.id, why="saved", now=utc_now())
    session.commit()


def test_the_editor_shows_the_words_and_whom_new_ones_reach(desk, practice, typed):
    for number in range(20):
        practice.somebody(number, practice.now - timedelta(days=number))
    practice.session.commit()
    page = desk.get(EDIT).text

    assert 'value="Find your QL in 30 seconds"' in page
    assert "The quadratus lumborum, or QL, is a flat muscle" in page
    assert "McGill and others, 1996 | Quantitative intramuscular" in page
    assert re.search(r"\d+ people? on the course ha(s|ve) not come to this mail yet", page)
    assert re.search(r"\d+ people had it already; they keep what they got", page)


def test_saved_words_are_live_and_noted(desk, practice, typed):
    answer = save(desk, typed, subject="Feel your QL")

    assert (answer.status_code, answer.location) == (303, "/owner/mails/2")
    assert (mail(practice.session).subject, mail(practice.session).revision) == ("Feel your QL", 2)
    page = desk.get(answer.location).text
    assert "Saved. It is what people get from now on." in page
    assert "so its file is not followed; the file says something else" in page
    [note] = practice.session.scalars(select(AuditEntry)).all()
    assert (note.action, note.detail) == ("changed the words of a mail", {"step": 2, "revision": 2})


def test_nothing_changed_is_said(desk, practice, typed):
    assert "Nothing had changed." in desk.get(save(desk, typed).location).text
    assert practice.session.scalars(select(Revision.number).filter_by(kind=Kind.STEP, of_id=2)).all() == [1]


def test_what_is_refused_is_named_with_its_line_and_stays_typed(desk, practice, typed):
    body = "Hello {{ naem }},\n\nthis cures everything.\n"
    answer = save(desk, typed, subject="Mine", body=body)

    assert answer.status_code == 422
    page = answer.text
    assert "Not saved: 2 things to mend" in page
    assert "Line 1: “naem” is not a tag." in page
    assert "Line 3: “cures” promises too much." in page
    assert 'value="Mine"' in page
    assert "this cures everything." in page
    assert 'aria-describedby="body-error"' in page
    assert mail(practice.session).subject == typed["subject"]
    assert kept(practice.session).content["body"] == body


def test_a_mail_too_large_to_send_is_refused(desk, practice, typed):
    assert "Gmail would cut it off" in save(desk, typed, body="word " * 30_000).text


def test_a_draft_is_kept_without_script_and_gone_on_with(desk, practice, typed):
    answer = save(desk, typed, path="/owner/mails/2/draft", subject="Half a")

    assert (answer.status_code, answer.location) == (303, "/owner/mails/2")
    assert "You have a draft of this mail" in desk.get("/owner/mails/2").text
    page = desk.get(EDIT).text
    assert 'value="Half a"' in page
    assert "You are going on with your draft" in page
    assert mail(practice.session).subject == typed["subject"]
    compared = desk.get("/owner/mails/2/draft").text
    assert "<del>" in compared
    assert "Half a" in re.sub("<[^>]+>", "", compared)


def test_the_script_keeps_drafts_and_is_told_when_another_window_has(desk, practice, typed):
    def keep(version, **changes):
        data = typed | changes | {"csrf_token": token(desk, EDIT), "based_on": "1", "version": str(version)}
        return desk.post("/owner/mails/2/draft", data=data, headers={"Accept": "application/json"})

    assert keep(0, subject="One").json == {"version": 1, "words": ""}
    assert keep(1, subject="Two").json == {"version": 2, "words": ""}
    refused = keep(1, subject="Three")
    assert (refused.status_code, kept(practice.session).content["subject"]) == (409, "Two")
    somebody_else_saves(practice.session, subject="Theirs")
    assert "Somebody has saved other words since you began" in keep(2, subject="Two more").json["words"]
    assert keep(3, subject="Theirs").json["words"] == "Nothing differs from what is saved."
    assert kept(practice.session) is None


def test_a_draft_is_thrown_away_and_that_undone(desk, practice, typed):
    save(desk, typed, path="/owner/mails/2/draft", subject="Half a")
    answer = press(desk, "/owner/mails/2/draft/discard", on=EDIT)
    assert kept(practice.session) is None
    page = desk.get(answer.location).text
    number = re.search(r'name="draft" value="(\d+)"', page)[1]

    answer = press(desk, "/owner/mails/2/draft/undo", on=EDIT, draft=number)

    assert answer.location == EDIT
    assert kept(practice.session).content["subject"] == "Half a"
    again = press(desk, "/owner/mails/2/draft/undo", on=EDIT, draft=number)
    assert "you have begun another since" in desk.get(again.location).text


def test_the_draft_of_another_owner_is_shown_and_left_alone(desk, practice, typed):
    other = Owner(email="ben@example.org", password_hash="", session_key="b", created_at=utc_now())
    practice.session.add(other)
    practice.session.flush()
    draft = Draft(kind=Kind.STEP, of_id=2, owner_id=other.id, content=typed | {"subject": "Ben's"}, based_on=1)
    draft.at = utc_now()
    practice.session.add(draft)
    practice.session.commit()

    assert "ben@example.org has a draft of this mail too" in desk.get(EDIT).text
    page = desk.get(f"/owner/mails/2/draft?of={draft.id}").text
    assert "A draft of ben@example.org" in page
    assert "Throw it away" not in page
    assert desk.get("/owner/mails/2/draft?of=999").status_code == 404
    assert "There is none" in desk.get("/owner/mails/2/draft").text


def test_saving_over_somebody_s_newer_words_is_refused_with_both(desk, practice, typed):
    somebody_else_saves(practice.session, subject="Theirs")

    answer = save(desk, typed, subject="Mine")

    assert answer.status_code == 409
    assert "ben@example.org saved other words" in answer.text
    said = re.sub("<[^>]+>", "", answer.text)
    assert "taken out: Theirs" in said
    assert "added: Mine" in said
    assert mail(practice.session).subject == "Theirs"
    assert kept(practice.session).content["subject"] == "Mine"


def test_mine_goes_over_theirs_when_that_is_chosen_and_theirs_stays_a_revision(desk, practice, typed):
    somebody_else_saves(practice.session, subject="Theirs")

    assert save(desk, typed, based_on=2, subject="Mine").status_code == 303

    assert (mail(practice.session).subject, mail(practice.session).revision) == ("Mine", 3)


def test_both_are_put_in_one_and_where_they_clash_nothing_can_be_saved(desk, practice, typed):
    body = typed["body"]
    somebody_else_saves(
        practice.session,
        preheader="A preheader of theirs that is long enough to keep.",
        body=body.replace("Stand tall", "Stand up"),
    )
    mine = {"subject": "Mine", "body": body.replace("Do it five times", "Do it six times")}

    answer = save(desk, typed, path="/owner/mails/2/both", **mine)

    assert "nothing clashed" in answer.text
    draft = kept(practice.session)
    assert (draft.content["subject"], draft.content["preheader"][:21]) == ("Mine", "A preheader of theirs")
    assert "Stand up" in draft.content["body"]
    assert "six times" in draft.content["body"]
    assert draft.based_on == 2

    clash = save(desk, typed, path="/owner/mails/2/both", body=body.replace("Stand tall", "Stand still"))
    assert "In one place both changed the same" in clash.text
    refused = save(desk, typed, based_on=2, body=kept(practice.session).content["body"])
    assert "{# is not used here" in refused.text


def test_another_day_is_asked_about_once_the_words_are_saved(desk, practice, typed):
    answer = save(desk, typed, subject="Mine", day="3")

    assert answer.location == "/owner/mails/2/day?day=3"
    assert (mail(practice.session).subject, mail(practice.session).day) == ("Mine", 2)


def test_a_draft_mail_is_moved_at_once(desk, practice, typed):
    practice.steps[1].state = SequenceState.DRAFT
    practice.session.commit()

    assert save(desk, typed, day="3").location == "/owner/mails/2"
    assert mail(practice.session).day == 3


def test_while_the_edit_before_still_reaches_people_the_day_of_a_draft_is_asked_about(desk, practice, typed):
    practice.steps[1].state = SequenceState.DRAFT
    practice.session.add(Transfer(enrolment_id=1, sequence_id=practice.course.id, to_step_id=1, days=0))
    practice.session.commit()

    assert save(desk, typed, subject="Mine", day="3").location == "/owner/mails/2/day?day=3"
    assert (mail(practice.session).subject, mail(practice.session).day) == ("Mine", 2)


def test_a_day_that_another_mail_has_is_refused(desk, practice, typed):
    answer = save(desk, typed, day="4")

    assert answer.status_code == 422
    assert "Day 4 is taken by" in answer.text


def test_a_mail_that_is_not_there_is_not_found(desk):
    assert desk.get("/owner/mails/99/edit").status_code == 404
    assert press(desk, "/owner/mails/99/edit", on=EDIT).status_code == 404
    assert press(desk, "/owner/mails/99/draft", on=EDIT).status_code == 404
    assert press(desk, "/owner/mails/99/both", on=EDIT).status_code == 404
