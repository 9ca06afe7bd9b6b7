"""What is done to many at once, on the owner's pages."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.audience import deeds
from funnel.db import utc_now
from funnel.models.bulk import BulkAction, BulkJob, BulkState
from funnel.models.content import Enrolment, EnrolmentState
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.tags import Tag, Tagged
from funnel.web.owner import bulk_words
from tasks import audience
from tests.people_desk import desk  # noqa: F401

ASK = "/owner/people/bulk"


@pytest.fixture
def crowd(desk):
    return [desk.person(source="ql").id for _ in range(3)]


def begin(desk, ids=(), **fields):
    """Presses the button of the page that asks, for those ticked or with all=1."""
    data = {"newest": str(desk.session.scalars(select(Subscriber.id).order_by(Subscriber.id.desc())).first()), **fields}
    if ids:
        data["id"] = [str(number) for number in ids]
    return desk.press(ASK, **data)


def job(desk):
    return desk.session.scalars(select(BulkJob).order_by(BulkJob.id.desc())).first()


def test_every_action_is_offered_in_words_and_done_by_a_deed():
    assert set(bulk_words.ACTIONS) == set(deeds.DEEDS) == set(BulkAction)
    for action, said in bulk_words.ACTIONS.items():
        assert bool(said.undo) == (deeds.DEEDS[action].undo is not None)


def test_nobody_ticked_says_what_to_do(desk):
    assert "Nobody was ticked" in desk.get(f"{ASK}?do=tag")
    assert "Nobody is found by this filter any more" in desk.get(f"{ASK}?do=tag&all=1&q=nobody")
    assert desk.browser.get(f"{ASK}?do=dance").status_code == 400


def test_those_ticked_are_named_and_counted_before_anything_is_done(desk, crowd):
    page = desk.get(f"{ASK}?do=stop&id={crowd[0]}&id={crowd[1]}&id=999&id=x")
    assert "Stop the course of 2 people?" in page
    assert "You can undo this for an hour." in page
    assert job(desk) is None


def test_all_that_were_found_are_counted_with_a_sample_and_the_filter_in_words(desk, crowd):
    page = desk.get(f"{ASK}?do=erase&all=1&came=source-ql&state=active")
    assert "Delete 3 people?" in page
    assert "active, came by ql" in page
    assert "It cannot be undone." in page
    assert "everybody in your list" in desk.get(f"{ASK}?do=tag&all=1")


def test_a_filter_that_makes_no_sense_is_acted_on_by_nobody(desk, crowd):
    assert "nobody can tell who is meant" in desk.get(f"{ASK}?do=erase&all=1&state=asleep")
    begin(desk, all="1", do="erase", word="delete", state="asleep")
    assert desk.status == 400


def test_a_few_are_tagged_at_once_and_that_is_undone(desk, crowd):
    page = begin(desk, crowd, do="tag", name="Walkers", total="3")
    assert "3 people tagged" in page
    assert "The tag “walkers”" in page
    assert sorted(desk.session.scalars(select(Tagged.subscriber_id))) == crowd
    page = desk.press(f"{ASK}/{job(desk).id}/undo")
    assert "3 people as before" in page
    assert desk.session.scalars(select(Tagged.subscriber_id)).all() == []
    assert "cannot be undone any more" in desk.press(f"{ASK}/{job(desk).id}/undo")
    assert "with others, which was undone" in desk.get(f"/owner/people/{crowd[0]}")


def test_what_is_missing_is_asked_for_again_and_nothing_is_done(desk, crowd):
    wrong = {
        "tag": "Please type a tag.",
        "untag": "Please choose the tag.",
        "pause": "Please choose the day",
        "enrol": "Please choose the course.",
        "unsubscribe": "Please type the word unsubscribe.",
        "erase": "Please type the word delete.",
    }
    for action, words in wrong.items():
        page = begin(desk, crowd, do=action)
        assert (action, desk.status, words in page) == (action, 422, True)
    assert job(desk) is None


def test_each_action_is_told_with_what_it_was_about(desk, crowd):
    day = str((utc_now() + timedelta(days=5)).date())
    assert f"Until {day}" in begin(desk, [desk.ada.id], do="pause", day=day)
    assert "1 person without a pause now" in begin(desk, [desk.ada.id], do="resume")
    course = desk.practice.course
    page = begin(desk, [*crowd, desk.ada.id], do="enrol", onto=str(course.id))
    assert f"The course “{course.title}”" in page
    assert "1 person was left as they are" in page
    begin(desk, crowd, do="tag", name="vip")
    tag = desk.session.scalars(select(Tag.id)).one()
    begin(desk, crowd, do="untag", of=str(tag))
    desk.press(f"/owner/tags/{tag}/delete")
    assert "A tag that is deleted" in desk.get(f"{ASK}/{job(desk).id}")
    assert len(desk.session.scalars(select(Enrolment.id)).all()) == 4


def test_leaving_and_deleting_need_the_word(desk, crowd):
    begin(desk, crowd[:1], do="unsubscribe", word="Unsubscribe")
    begin(desk, crowd[1:], do="erase", word="delete")
    states = [desk.session.get_one(Subscriber, number).state for number in crowd]
    assert states == [SubscriberState.UNSUBSCRIBED, SubscriberState.ERASED, SubscriberState.ERASED]


@pytest.fixture
def many(desk, crowd, monkeypatch):
    """A job on all of a filter that is too large to be done within the request."""
    for action, deed in deeds.DEEDS.items():
        monkeypatch.setitem(deeds.DEEDS, action, deeds.Deed(deed.do, deed.undo, 2))
    return begin(desk, do="stop", all="1", total="4")


def test_many_are_done_by_the_worker_while_the_page_tells_how_far_it_is(desk, many):
    assert "0 of 4" in many
    assert "Stopping courses: 0 of 4 people" in desk.get("/owner/people")
    audience.work_once(job(desk).id)
    assert "2 of 4" in desk.get(f"{ASK}/{job(desk).id}")
    audience.work()
    page = desk.get(f"{ASK}/{job(desk).id}")
    assert "1 person taken off their course" in page
    assert "3 people were left as they are" in page
    desk.session.expire_all()
    assert desk.place.state is EnrolmentState.STOPPED


def test_it_is_halted_half_way(desk, many):
    audience.work_once(job(desk).id)
    page = desk.press(f"{ASK}/{job(desk).id}/halt")
    assert "stopped after 2 people" in page
    assert job(desk).state is BulkState.HALTED
    desk.press(f"{ASK}/{job(desk).id}/halt")
    assert desk.noted().count("halted what was done to many people") == 1


def test_the_task_does_what_a_lost_word_left_behind_and_asks_for_itself_when_its_time_is_over(desk, many, monkeypatch):
    monkeypatch.setattr(audience, "SLICE_S", -1.0)
    asked = []
    monkeypatch.setattr(audience.work, "delay", lambda: asked.append(1))
    audience.work()
    assert (len(asked), job(desk).looked_at) == (1, 0)
    monkeypatch.setattr(audience, "SLICE_S", 60.0)
    audience.work()
    desk.session.expire_all()
    assert (len(asked), job(desk).state) == (1, BulkState.DONE)


def test_a_job_that_never_was_is_not_found(desk):
    assert desk.browser.get(f"{ASK}/7").status_code == 404
