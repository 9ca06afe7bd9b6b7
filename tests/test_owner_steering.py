"""One person's course under the owner's hand."""

from datetime import timedelta

from sqlalchemy import select

from funnel.db import utc_now
from funnel.models.content import Enrolment, EnrolmentState, StopReason
from funnel.models.mail import Message, Queue
from funnel.models.people import SubscriberState
from funnel.programme import enrolment
from tests import factories
from tests.people_desk import desk  # noqa: F401


def test_a_person_is_paused_until_a_day_and_that_is_taken_back(desk):
    day = (utc_now() + timedelta(days=9)).date()
    assert "Until when does Ada rest?" in desk.get("pause")
    page = desk.press("pause", until=str(day))
    assert "Paused until" in page
    assert desk.ada.paused_until.date() <= day
    assert "End the pause" in page
    assert "The pause has ended" in desk.press("resume")
    assert desk.ada.paused_until is None
    assert desk.noted() == ["paused a person", "ended a person's pause"]


def test_a_day_that_cannot_be_is_asked_again_with_what_was_typed(desk):
    for typed, words in (
        ("", "Please choose the day"),
        ("2020-01-01", "a day to come"),
        ("9999-12-31", "within a year"),
    ):
        page = desk.press("pause", until=typed)
        assert (desk.status, words in page, f'value="{typed}"' in page) == (422, True, True)


def test_who_is_not_active_is_not_paused(desk):
    desk.ada.state = SubscriberState.BOUNCED
    desk.session.commit()
    assert "could be paused" in desk.press("pause", until=str((utc_now() + timedelta(days=2)).date()))
    assert desk.noted() == []


def test_a_course_is_stopped_after_asking_and_goes_on_again(desk):
    assert "Stop the course of Ada?" in desk.get("stop")
    page = desk.press("stop")
    assert (desk.place.state, desk.place.reason) == (EnrolmentState.STOPPED, StopReason.BY_OWNER)
    assert "Go on with the stopped course" in page
    assert "there is nothing to stop" in desk.get("stop")
    assert "No course ran any more" in desk.press("stop")
    assert "goes on where it was stopped" in desk.press(f"courses/{desk.place.id}/go-on")
    assert desk.place.state is EnrolmentState.ACTIVE
    assert "goes on already" in desk.press(f"courses/{desk.place.id}/go-on")


def test_the_next_mail_is_sent_at_once(desk):
    page = desk.get(f"courses/{desk.place.id}/send")
    assert desk.practice.steps[1].subject in page
    assert "less than 20 hours" not in page
    page = desk.press(f"courses/{desk.place.id}/send", step=str(desk.practice.steps[1].id))
    assert "It is on its way." in page
    assert desk.session.scalars(select(Message.queue)).all() == [Queue.URGENT]
    assert "Nothing was sent: " in desk.press(f"courses/{desk.place.id}/send", step=str(desk.practice.steps[1].id))


def test_within_twenty_hours_the_page_warns_and_asks(desk):
    factories.a_stamp(desk.session, desk.ada, utc_now())
    desk.session.commit()
    page = desk.get(f"courses/{desk.place.id}/send")
    assert "less than 20 hours ago" in page
    assert "Send it even so" in page


def test_where_no_mail_may_go_the_page_says_why_and_offers_no_button(desk):
    desk.ada.paused_until = utc_now() + timedelta(days=2)
    desk.session.commit()
    page = desk.get(f"courses/{desk.place.id}/send")
    assert "They are paused" in page
    assert "Send it now" not in page
    enrolment.stop(desk.session, desk.ada.id, StopReason.BOOKED, utc_now())
    desk.session.commit()
    assert "runs no more" in desk.get(f"courses/{desk.place.id}/send")
    assert "runs no more" in desk.get(f"courses/{desk.place.id}/move")


def test_somebody_is_moved_to_another_mail(desk):
    steps = desk.practice.steps
    assert "(next now)" in desk.get(f"courses/{desk.place.id}/move")
    page = desk.press(f"courses/{desk.place.id}/move", step=str(steps[4].id))
    assert "Their next mail is" in page
    assert desk.place.step_id == steps[4].id
    assert "not in use any more" in desk.press(f"courses/{desk.place.id}/move", step="999")


def test_somebody_is_put_on_a_course(desk):
    zoe = desk.person(first_name="Zoë")
    desk.home = f"/owner/people/{zoe.id}"
    assert desk.practice.course.title in desk.get("enrol")
    assert "They are on" in desk.press("enrol", course=str(desk.practice.course.id))
    assert "on it already" in desk.press("enrol", course=str(desk.practice.course.id))
    assert "no live course" in desk.get("enrol")
    places = select(Enrolment.subscriber_id).where(Enrolment.subscriber_id == zoe.id)
    assert len(desk.session.scalars(places).all()) == 1


def test_who_booked_lately_or_had_every_mail_is_not_put_on_it_again(desk):
    enrolment.stop(desk.session, desk.ada.id, StopReason.BOOKED, utc_now())
    desk.session.commit()
    assert "left in peace" in desk.press("enrol", course=str(desk.practice.course.id))
    desk.place.state, desk.place.reason = EnrolmentState.FINISHED, None
    for step in desk.practice.steps:
        factories.a_message(desk.session, desk.ada, step_id=step.id, state="sent")
    desk.session.commit()
    assert "every mail of this course" in desk.press("enrol", course=str(desk.practice.course.id))


def test_one_person_s_course_is_not_steered_from_another_s_page(desk):
    zoe = desk.person()
    assert desk.browser.get(f"/owner/people/{zoe.id}/courses/{desk.place.id}/send").status_code == 404
    desk.press(f"/owner/people/{zoe.id}/courses/{desk.place.id}/move", step="1")
    assert desk.status == 404
