"""What is done to many at once: chunk by chunk, only to whom it changes, and undone where nobody changed it since."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.audience import bulk, deeds, muster, tags
from funnel.audience.bulk import Wish
from funnel.audience.segment import Segment
from funnel.models.bulk import BulkAction, BulkChange, BulkJob, BulkState
from funnel.models.content import Enrolment, EnrolmentState, SequenceState, StopReason
from funnel.models.mail import Message, MessageState
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.tags import Tagged
from funnel.programme import enrolment
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_message, a_sequence, a_subscriber, an_enrolment

LATER = NOW + timedelta(minutes=5)
UNTIL = NOW + timedelta(days=10)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    for action, deed in deeds.DEEDS.items():
        monkeypatch.setitem(deeds.DEEDS, action, deeds.Deed(deed.do, deed.undo, 2))


def asked(session, action, ids=None, segment=None, **detail):
    wish = Wish(action, detail, segment or Segment(), ids, muster.newest(session), len(ids or ()))
    return bulk.ask(session, wish, None, NOW)


def done(session, action, ids=None, **more):
    job = asked(session, action, ids, **more)
    while bulk.work(session, job.id, NOW):
        pass
    return job


def undone(session, job):
    assert bulk.undo(session, job.id, LATER)
    while bulk.work(session, job.id, LATER):
        pass
    session.expire_all()
    return job


def people(session, count=3, **values):
    return [a_subscriber(session, **values) for _ in range(count)]


def test_a_job_goes_chunk_by_chunk_and_counts_what_it_changed(session):
    ids = [one.id for one in people(session)]
    tag = tags.tag(session, "vip", NOW).id
    tags.put(session, tag, ids[:1], NOW)
    job = asked(session, BulkAction.TAG, ids, tag=tag)
    assert bulk.waiting(session) == [job.id]
    assert (bulk.work(session, job.id, NOW), job.looked_at, job.changed, job.state) == (True, 2, 1, BulkState.RUNNING)
    while bulk.work(session, job.id, NOW):
        pass
    assert (job.looked_at, job.changed, job.state, job.undo_until) == (3, 2, BulkState.DONE, NOW + bulk.UNDO_FOR)
    assert (bulk.waiting(session), bulk.work(session, job.id, NOW)) == ([], False)


def test_a_job_about_a_segment_reaches_nobody_who_came_after_it_was_asked_for(session):
    ids = [one.id for one in people(session, source="ql")]
    a_subscriber(session)
    tag = tags.tag(session, "vip", NOW).id
    job = asked(session, BulkAction.TAG, segment=Segment(source="ql"), tag=tag)
    a_subscriber(session, source="ql")
    while bulk.work(session, job.id, NOW):
        pass
    assert sorted(session.scalars(select(Tagged.subscriber_id))) == ids


def test_undoing_a_tag_leaves_those_alone_who_were_tagged_anew_or_had_it_before(session):
    ids = [one.id for one in people(session, 4)]
    tag = tags.tag(session, "vip", NOW).id
    tags.put(session, tag, ids[:1], NOW)
    job = done(session, BulkAction.TAG, ids, tag=tag)
    tags.take(session, tag, ids[1:3])
    tags.put(session, tag, ids[1:2], LATER)
    undone(session, job)
    assert sorted(session.scalars(select(Tagged.subscriber_id))) == ids[:2]
    assert (job.state, job.undone, job.kept) == (BulkState.UNDONE, 1, 2)
    changes = session.scalars(select(BulkChange.subscriber_id).where(BulkChange.undone)).all()
    assert changes == [ids[3]]


def test_a_tag_that_was_taken_off_is_put_back_with_its_time(session):
    ada, ben, gone = people(session)
    tag = tags.tag(session, "vip", NOW).id
    tags.put(session, tag, [ada.id, ben.id, gone.id], NOW - timedelta(days=9))
    job = done(session, BulkAction.UNTAG, [ada.id, ben.id, gone.id], tag=tag)
    tags.put(session, tag, [ben.id], LATER)
    gone.state = SubscriberState.ERASED
    session.flush()
    undone(session, job)
    found = {row.subscriber_id: row.at for row in session.execute(select(Tagged.subscriber_id, Tagged.at))}
    assert found == {ada.id: NOW - timedelta(days=9), ben.id: LATER}
    assert (job.undone, job.kept) == (1, 2)


@pytest.mark.parametrize("action", [BulkAction.TAG, BulkAction.UNTAG])
def test_a_tag_that_is_deleted_meanwhile_does_no_harm(session, action):
    ids = [one.id for one in people(session, 1)]
    tag = tags.tag(session, "vip", NOW).id
    if action is BulkAction.UNTAG:
        tags.put(session, tag, ids, NOW)
        job = done(session, action, ids, tag=tag)
        tags.remove(session, tag)
        assert (undone(session, job).undone, job.kept) == (0, 1)
    else:
        tags.remove(session, tag)
        assert done(session, action, ids, tag=tag).changed == 0


def on_course(session, person, course):
    place = an_enrolment(session, person, course, step_id=course.steps[1].id)
    place.due_at = place.next_at = NOW + timedelta(days=1)
    session.flush()
    return place


def test_courses_are_stopped_and_go_on_where_they_stood_with_what_waited(session):
    course = a_sequence(session)
    ada, ben, out = people(session)
    place, other = on_course(session, ada, course), on_course(session, ben, course)
    mail = a_message(session, ada, due_at=NOW, enrolment_id=place.id, step_id=course.steps[1].id)
    job = done(session, BulkAction.STOP, [ada.id, ben.id, out.id])
    session.expire_all()
    assert (place.state, place.reason, mail.state) == (
        EnrolmentState.STOPPED, StopReason.BY_OWNER, MessageState.SKIPPED,
    )  # fmt: skip
    assert job.changed == 2
    other.reason = StopReason.BOOKED
    session.flush()
    undone(session, job)
    assert (place.state, place.reason, place.ended_at, mail.state) == (
        EnrolmentState.ACTIVE, None, None, MessageState.QUEUED,
    )  # fmt: skip
    assert (place.next_at, other.state, job.kept) == (NOW + timedelta(days=1), EnrolmentState.STOPPED, 1)
    assert_balance(session)


def test_people_are_put_on_a_course_from_the_next_day_and_taken_off_until_a_mail_is_planned(session):
    course = a_sequence(session)
    ada, ben, met = people(session)
    pending = a_subscriber(session, state=SubscriberState.PENDING)
    an_enrolment(session, met, course, state=EnrolmentState.FINISHED, step_id=None, next_at=None)
    job = done(session, BulkAction.ENROL, [ada.id, ben.id, met.id, pending.id], sequence=course.id)
    places = session.scalars(select(Enrolment).where(Enrolment.state == EnrolmentState.ACTIVE)).all()
    assert sorted(place.subscriber_id for place in places) == [ada.id, ben.id]
    assert {place.step_id for place in places} == {course.steps[0].id}
    assert all(place.next_at > NOW + timedelta(hours=12) for place in places)
    assert not session.scalars(select(Message.id)).all()
    a_message(session, ben, enrolment_id=next(place.id for place in places if place.subscriber_id == ben.id))
    undone(session, job)
    assert sorted(session.scalars(select(Enrolment.subscriber_id))) == [ben.id, met.id]
    assert (job.undone, job.kept) == (1, 1)


def test_nobody_is_put_on_a_course_that_is_not_live(session):
    course = a_sequence(session, state=SequenceState.DRAFT)
    assert done(session, BulkAction.ENROL, [a_subscriber(session).id], sequence=course.id).changed == 0


def test_leaving_and_deleting_are_done_once_each_and_cannot_be_undone(session):
    ada, ben, cyd = people(session)
    enrolment.enrol(session, ada.id, a_sequence(session).id, NOW)
    left = done(session, BulkAction.UNSUBSCRIBE, [ada.id, ben.id])
    again = done(session, BulkAction.UNSUBSCRIBE, [ada.id])
    erased = done(session, BulkAction.ERASE, [ben.id, cyd.id])
    session.expire_all()
    assert [one.state for one in (ada, ben, cyd)] == ["unsubscribed", "erased", "erased"]
    assert [(job.changed, job.undo_until) for job in (left, again, erased)] == [(2, None), (0, None), (2, None)]
    assert not bulk.undo(session, left.id, NOW)
    assert session.get_one(Subscriber, ben.id).email is None


def test_a_job_is_halted_half_way_and_what_was_done_is_undone(session):
    ids = [one.id for one in people(session, 5)]
    job = asked(session, BulkAction.TAG, ids, tag=tags.tag(session, "vip", NOW).id)
    bulk.work(session, job.id, NOW)
    assert bulk.halt(session, job.id, NOW)
    assert not bulk.halt(session, job.id, NOW)
    assert (job.state, bulk.work(session, job.id, NOW), job.changed) == (BulkState.HALTED, False, 2)
    assert undone(session, job).undone == 2
    assert [one.id for one in bulk.recent(session, NOW)] == [job.id]


def test_after_an_hour_nothing_is_undone_any_more(session):
    job = done(session, BulkAction.TAG, [a_subscriber(session).id], tag=tags.tag(session, "vip", NOW).id)
    assert bulk.can_be_undone(job, NOW + timedelta(minutes=59))
    assert not bulk.undo(session, job.id, NOW + bulk.UNDO_FOR)
    assert session.scalars(select(BulkJob.state)).one() is BulkState.DONE
