"""Segments: read from arguments, said as arguments, and whom each part means."""

from datetime import date, timedelta

import pytest

from funnel.audience import muster, suppression, tags
from funnel.audience.segment import Segment, Trait, read
from funnel.models.content import EnrolmentState
from funnel.models.mail import LinkKind
from funnel.models.people import SubscriberState, SuppressionReason
from funnel.models.responses import BookingState, EventKind
from tests.conftest import NOW
from tests.factories import (
    a_booking,
    a_form,
    a_link,
    a_message,
    a_sequence,
    a_subscriber,
    an_enrolment,
    an_event,
)

LONG_AGO = NOW - timedelta(days=100)
WHOLE = Segment(
    q="ada", state=SubscriberState.ACTIVE, tag=3, source="ql", form=4, since=date(2026, 3, 1), until=date(2026, 3, 2),
    course=5, place=EnrolmentState.STOPPED, step=6, trait=frozenset(Trait), loose=True,
)  # fmt: skip


def test_a_segment_said_as_arguments_is_read_as_the_same():
    for segment in (Segment(), WHOLE, Segment(source="")):
        assert read(segment.plain()) == (segment, [])
    assert (Segment().narrows, Segment(source="").narrows) == (False, True)


def test_what_makes_no_sense_is_named_and_left_out():
    wrong = {"state": ["asleep"], "tag": ["x"], "form": ["0"], "course": [str(2**63)], "since": ["yesterday"]}
    assert read({**wrong, "trait": ["tall"], "q": ["ada"], "unknown": ["1"]}) == (
        Segment(q="ada"), ["state", "tag", "form", "since", "course", "trait"],
    )  # fmt: skip


def test_one_part_is_left_out_and_the_others_stay():
    assert WHOLE.without("q").q == ""
    assert WHOLE.without("trait", "booked").trait == frozenset(Trait) - {Trait.BOOKED}
    assert WHOLE.without("tag") == Segment(**{**vars(WHOLE), "tag": None})


@pytest.fixture(params=["small", "by index", "walked"])
def meant(request, session, monkeypatch):
    """meant(**parts): the ids of whom such a segment means, whichever way they are found."""
    if request.param != "small":
        monkeypatch.setattr(muster, "SMALL", 0)
    if request.param == "walked":
        monkeypatch.setattr(muster, "RARE", -1)

    def found(**parts):
        ids = muster.find(session, Segment(**parts), NOW, 50).ids
        counted = muster.count(session, Segment(**parts), NOW, muster.newest(session))
        assert counted == (len(ids), True)
        return sorted(ids)

    return found


def test_a_tag(session, meant):
    ada, _ = a_subscriber(session), a_subscriber(session)
    tag = tags.tag(session, "vip", NOW)
    tags.put(session, tag.id, [ada.id], NOW)
    assert (meant(tag=tag.id), meant(tag=tag.id + 1)) == ([ada.id], [])


def test_where_they_came_from(session, meant):
    form = a_form(session)
    ada, ben = a_subscriber(session, source="ql"), a_subscriber(session, form_id=form.id)
    assert (meant(source="ql"), meant(source=""), meant(form=form.id)) == ([ada.id], [ben.id], [ben.id])


def test_when_they_joined_by_the_practice_s_days(session, meant, setting):
    setting(TIMEZONE="America/New_York")
    late = a_subscriber(session, created_at=NOW.replace(hour=4))  # the evening before, there
    ada = a_subscriber(session)
    day = NOW.date()
    assert meant(since=day, until=day) == [ada.id]
    assert meant(until=day - timedelta(days=1)) == [late.id]
    assert meant(since=day - timedelta(days=1)) == [late.id, ada.id]


def test_where_they_are_in_a_course(session, meant):
    course, other = a_sequence(session), a_sequence(session)
    people = [a_subscriber(session) for _ in range(4)]
    here = an_enrolment(session, people[0], course)
    for person, state in zip(people[1:3], (EnrolmentState.FINISHED, EnrolmentState.STOPPED), strict=True):
        an_enrolment(session, person, course, state=state, step_id=None, next_at=None)
    an_enrolment(session, people[3], other)
    places = [EnrolmentState.ACTIVE, EnrolmentState.FINISHED, EnrolmentState.STOPPED]
    assert [meant(course=course.id, place=place) for place in places] == [[person.id] for person in people[:3]]
    assert meant(course=course.id) == [person.id for person in people[:3]]
    assert meant(step=here.step_id) == [people[0].id]


def test_those_who_nearly_booked_clicked_to_book_as_people_and_did_not(session, meant):
    ada, ben, machine, reader, cancelled = (a_subscriber(session) for _ in range(5))
    book, page = a_link(session, kind=LinkKind.BOOKING), a_link(session)
    for person in (ada, ben, cancelled):
        an_event(session, EventKind.CLICK, a_message(session, person), link_id=book.id)
    an_event(session, EventKind.CLICK, a_message(session, machine), link_id=book.id, machine=True)
    an_event(session, EventKind.CLICK, a_message(session, reader), link_id=page.id)
    a_booking(session, ben)
    a_booking(session, cancelled, state=BookingState.CANCELLED)
    assert meant(trait=frozenset({Trait.NEARLY})) == [ada.id, cancelled.id]
    assert meant(trait=frozenset({Trait.BOOKED})) == [ben.id]


def test_the_quiet_have_been_here_for_long_and_clicked_nothing_lately(session, meant):
    quiet, lively, machine = (a_subscriber(session, created_at=LONG_AGO, confirmed_at=LONG_AGO) for _ in range(3))
    a_subscriber(session)
    an_event(session, EventKind.CLICK, a_message(session, lively), at=NOW - timedelta(days=1))
    an_event(session, EventKind.CLICK, a_message(session, machine), machine=True)
    an_event(session, EventKind.CLICK, a_message(session, quiet), at=LONG_AGO)
    assert meant(trait=frozenset({Trait.QUIET})) == [quiet.id, machine.id]


def test_the_paused_and_those_not_to_be_mailed(session, meant):
    paused = a_subscriber(session, paused_until=NOW + timedelta(days=1))
    a_subscriber(session, paused_until=NOW - timedelta(days=1))
    banned = a_subscriber(session)
    suppression.suppress(session, banned.address_hash, SuppressionReason.OWNER, NOW)
    assert meant(trait=frozenset({Trait.PAUSED})) == [paused.id]
    assert meant(trait=frozenset({Trait.SUPPRESSED})) == [banned.id]
    assert meant(trait=frozenset({Trait.PAUSED, Trait.SUPPRESSED})) == []


def test_every_part_that_is_set_must_hold(session, meant):
    ada = a_subscriber(session, email="ada@example.org", source="ql")
    a_subscriber(session, email="adam@example.org")
    assert meant(q="ada", source="ql", state=SubscriberState.ACTIVE) == [ada.id]
    assert meant(q="ad", state=SubscriberState.BOUNCED) == []
