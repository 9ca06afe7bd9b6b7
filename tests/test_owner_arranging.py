"""The course arranged on its page: added, moved, put live, retired, each with whom it reaches told first."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.models.content import Enrolment, EnrolmentState, SequenceState, Step
from funnel.models.house import AuditEntry
from funnel.programme import transfers
from funnel.programme.transfers import Hop
from tests.factories import an_enrolment
from tests.owner_data import Practice, press, signed_in

ON = "/owner/mails/2/edit"


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app, practice):
    return signed_in(app)


def waiting(practice, place, days=3):
    person, due = practice.newcomer("Ada"), practice.now + timedelta(days=days)
    made = an_enrolment(
        practice.session, person, practice.course, step_id=practice.steps[place].id, due_at=due, next_at=due
    )
    practice.session.commit()
    return made


def said(answer):
    return " ".join(re.sub("<[^>]+>", "", answer.text).split())


def mail(practice, number):
    practice.session.expire_all()
    return practice.session.get(Step, number)


def test_a_mail_is_added_as_a_draft_and_opened(desk, practice):
    answer = press(desk, "/owner/courses/1/mails", on=ON)

    assert (answer.status_code, answer.location) == (303, "/owner/mails/9/edit")
    assert "nobody gets it until you put it live" in said(desk.get(answer.location))
    assert re.search(r"A new mail.*draft", said(desk.get("/owner/mails")))


def test_a_mail_is_copied_with_its_words(desk, practice):
    press(desk, "/owner/courses/1/mails", on=ON, like="3")

    assert mail(practice, 9).body == mail(practice, 3).body
    assert mail(practice, 9).subject == f"Copy of: {mail(practice, 3).subject}"


def test_a_full_course_takes_no_more_and_says_why(desk, practice):
    practice.steps[-1].day = 365
    practice.session.commit()

    assert "day 365 already" in said(desk.get(press(desk, "/owner/courses/1/mails", on=ON).location))
    assert press(desk, "/owner/courses/9/mails", on=ON).status_code == 404


def test_whom_another_day_moves_is_told_before(desk, practice):
    waiting(practice, 2)
    waiting(practice, 2, days=4)

    told = said(desk.get("/owner/mails/3/day?day=6"))

    assert "From day 4 to day 6" in told
    assert re.search(r"2 people get “Why the QL may ache.*”, 2 days later: the first of them on", told)
    assert mail(practice, 3).day == 4


def test_a_move_that_moves_people_is_asked_about_first_and_then_done(desk, practice):
    ada = waiting(practice, 2)
    before = ada.due_at
    asked = press(desk, "/owner/mails/3/day", on=ON, day="6")
    assert (asked.location, mail(practice, 3).day) == ("/owner/mails/3/day?day=6", 4)

    answer = press(desk, "/owner/mails/3/day", on=ON, day="6", asked="yes")

    assert answer.location == "/owner/mails#mail-3"
    assert "Day 6 now. 1 person moved along." in said(desk.get("/owner/mails"))
    assert mail(practice, 3).day == 6
    assert practice.session.get(Enrolment, ada.id).due_at - before >= timedelta(days=2)
    assert practice.session.scalars(select(AuditEntry.action)).all() == ["moved a mail"]


def test_a_move_that_moves_nobody_is_done_at_once(desk, practice):
    press(desk, "/owner/mails/3/day", on=ON, way="down")

    assert (mail(practice, 3).day, mail(practice, 4).day) == (7, 4)
    assert "Changed places." in said(desk.get("/owner/mails"))


def test_changing_places_says_what_becomes_of_who_waits(desk, practice):
    waiting(practice, 2)

    assert press(desk, "/owner/mails/3/day", on=ON, way="down").location == "/owner/mails/3/day?way=down"
    told = said(desk.get("/owner/mails/3/day?way=down"))

    assert re.search("1 person gets “Strong sides: pick your level” next instead of “Why the QL may ache", told)


@pytest.mark.parametrize(
    ("number", "wish", "why"),
    [
        (3, "day=7", "Day 7 is taken by “Strong sides"),
        (3, "day=0", "Day 0 is the welcome"),
        (3, "day=999", "whole number from 0 to 365"),
        (2, "way=up", "the welcome is always the first"),
    ],
)
def test_a_day_that_cannot_be_says_why(desk, practice, number, wish, why):
    assert why in said(desk.get(f"/owner/mails/{number}/day?{wish}"))
    name, _, value = wish.partition("=")
    assert press(desk, f"/owner/mails/{number}/day", on=ON, **{name: value, "asked": "yes"}).status_code == 303
    assert mail(practice, number).day == practice.steps[number - 1].day


def test_putting_a_mail_live_says_who_gets_it_and_who_is_past_it(desk, practice):
    practice.steps[2].state = SequenceState.DRAFT
    waiting(practice, 1)
    waiting(practice, 3, days=9)  # had the second; the third's day is still to come
    waiting(practice, 4, days=1)

    told = said(desk.get("/owner/mails/3/live"))

    assert "Those on the course who are still before day 4: 1 person." in told
    assert "1 person gets “Why the QL may ache" in told
    assert "Who is past day 4 does not get it." in told
    assert "finished" not in told
    press(desk, "/owner/mails/3/live", on="/owner/mails/3/live")
    assert mail(practice, 3).state == SequenceState.LIVE
    assert "1 person moved along" in said(desk.get("/owner/mails/3"))


def test_a_new_last_mail_asks_whether_those_who_finished_get_it(desk, practice):
    practice.steps[-1].state = SequenceState.DRAFT
    ada = waiting(practice, 6)
    ada.state, ada.step_id, ada.due_at, ada.next_at = EnrolmentState.FINISHED, None, None, None
    practice.session.commit()
    assert "1 person finished the course before this mail was there" in said(desk.get("/owner/mails/8/live"))

    press(desk, "/owner/mails/8/live", on="/owner/mails/8/live", finished="yes")

    practice.session.expire_all()
    assert (ada.state, ada.step_id) == (EnrolmentState.ACTIVE, 8)


def test_without_that_wish_they_are_left_in_peace(desk, practice):
    practice.steps[-1].state = SequenceState.DRAFT
    ada = waiting(practice, 6)
    ada.state, ada.step_id, ada.due_at, ada.next_at = EnrolmentState.FINISHED, None, None, None
    practice.session.commit()

    press(desk, "/owner/mails/8/live", on="/owner/mails/8/live", finished="no")

    practice.session.expire_all()
    assert ada.state == EnrolmentState.FINISHED


def test_an_empty_mail_is_not_put_live(desk, practice):
    press(desk, "/owner/courses/1/mails", on=ON)

    assert "The mail says nothing yet." in said(desk.get("/owner/mails/9/live"))
    press(desk, "/owner/mails/9/live", on=ON)
    assert mail(practice, 9).state == SequenceState.DRAFT


def test_retiring_says_who_goes_on_to_what_and_it_comes_back(desk, practice):
    waiting(practice, 2)
    told = said(desk.get("/owner/mails/3/retire"))
    assert "1 person waits for it and goes on to “Strong sides: pick your level”, on its own day" in told

    press(desk, "/owner/mails/3/retire", on="/owner/mails/3/retire")
    assert mail(practice, 3).state == SequenceState.RETIRED
    assert "Bring back" in desk.get("/owner/mails").text
    assert "It is retired already" in desk.get("/owner/mails/3/retire").text

    press(desk, "/owner/mails/3/live", on="/owner/mails/3/live")
    assert mail(practice, 3).state == SequenceState.LIVE
    assert "It is live" in desk.get("/owner/mails/3/live").text


def test_while_an_edit_still_reaches_people_the_next_one_waits(desk, practice):
    waiting(practice, 2)
    transfers.begin(practice.session, 1, [Hop(3, 3, 1)], practice.now)
    practice.session.commit()

    answer = press(desk, "/owner/mails/3/day", on=ON, day="6", asked="yes")
    assert "still reaching 1 person" in said(desk.get(answer.location))
    practice.session.get(Step, 8).state = SequenceState.DRAFT
    practice.session.commit()
    assert "still reaching" in said(desk.get(press(desk, "/owner/mails/8/live", on=ON).location))


@pytest.mark.parametrize("page", ["day", "live", "retire"])
def test_a_mail_that_is_not_there_is_not_found(desk, practice, page):
    assert desk.get(f"/owner/mails/99/{page}").status_code == 404
    assert press(desk, f"/owner/mails/99/{page}", on=ON).status_code == 404
