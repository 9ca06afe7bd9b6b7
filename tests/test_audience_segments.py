"""Saved segments: kept, changed, deleted, and named by others."""

import pytest
from sqlalchemy import select

from funnel.audience import muster, rule, segments, tags
from funnel.audience.rule import RuleError
from funnel.audience.segment import Segment, read
from funnel.audience.segments import BadNameError, UsedError
from funnel.models.content import Newsletter, NewsletterState
from funnel.models.segments import SavedSegment
from tests import factories
from tests.conftest import NOW

BOOKED = {"is": "booked"}


def of(number):
    return {"is": "segment", "segment": number}


def test_a_segment_is_kept_changed_and_deleted(session):
    kept = segments.keep(session, "  Those  who booked ", BOOKED, NOW)
    assert (kept.name, kept.rule, segments.names(session)) == ("Those who booked", BOOKED, {kept.id: kept.name})
    segments.keep(session, "Not booked", {"not": BOOKED}, NOW, kept.id)
    assert [(one.id, one.name, one.rule) for one in segments.every(session)] == [
        (kept.id, "Not booked", {"not": BOOKED})
    ]
    segments.remove(session, kept.id)
    assert segments.names(session) == {}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "type a name"),
        (" \t ", "type a name"),
        ("a" * 61, "60 signs or fewer"),
        ("a\x07b", "hidden sign"),
        ("one", "There is a segment “one” already."),
    ],
)
def test_a_name_that_is_none_or_taken_is_refused(session, name, words):
    segments.keep(session, "one", BOOKED, NOW)
    with pytest.raises(BadNameError, match=words):
        segments.keep(session, name, BOOKED, NOW)


@pytest.mark.parametrize(
    "line",
    [
        {"is": "tagged", "tag": 9},
        {"is": "by_form", "form": 9},
        {"is": "on_course", "course": 9, "place": "now"},
        {"is": "awaits", "step": 9},
        {"is": "got_issue", "newsletter": 9},
        {"is": "clicked_issue", "newsletter": 9},
        {"is": "segment", "segment": 9},
    ],
)
def test_a_line_about_what_is_not_there_is_refused_with_its_place(session, line):
    with pytest.raises(RuleError, match="there no more") as refused:
        segments.keep(session, "one", {"all": [BOOKED, {"any": [line]}]}, NOW)
    assert refused.value.place == (2, 1)
    assert session.scalars(select(SavedSegment)).all() == []


def test_a_segment_named_by_another_is_put_in_its_place_as_it_is_now(session):
    tag = tags.tag(session, "runner", NOW)
    one = segments.keep(session, "one", BOOKED, NOW)
    other = segments.keep(session, "other", {"not": of(one.id)}, NOW)
    segments.keep(session, "one", {"is": "tagged", "tag": tag.id}, NOW, one.id)
    assert segments.unfolded(session, {"all": [of(other.id)]}) == {"all": [{"not": {"is": "tagged", "tag": tag.id}}]}
    assert segments.unfolded(session, None) is None


def test_a_circle_of_segments_is_refused(session):
    one = segments.keep(session, "one", BOOKED, NOW)
    two = segments.keep(session, "two", of(one.id), NOW)
    for plain in (of(one.id), {"all": [BOOKED, of(two.id)]}):
        with pytest.raises(RuleError, match="may not name itself"):
            segments.keep(session, "one", plain, NOW, one.id)
    one.rule = of(two.id)  # as two owners might at one moment
    session.flush()
    with pytest.raises(RuleError, match="may not name itself"):
        segments.unfolded(session, of(two.id))


def test_a_segment_that_another_names_is_not_deleted(session):
    one = segments.keep(session, "one", BOOKED, NOW)
    segments.keep(session, "two", {"not": of(one.id)}, NOW)
    with pytest.raises(UsedError) as refused:
        segments.remove(session, one.id)
    assert refused.value.by == ["the segment “two”"]


@pytest.mark.parametrize("named", [True, False])
def test_a_segment_that_a_draft_is_to_is_not_deleted_and_one_of_a_sent_newsletter_is(session, named):
    one = segments.keep(session, "one", BOOKED, NOW)
    to = {"rule": {"all": [of(one.id)]}} if named else {"segment_id": one.id}
    draft = factories.add(session, Newsletter(subject="Chairs", body="B", created_at=NOW, **to))
    with pytest.raises(UsedError) as refused:
        segments.remove(session, one.id)
    assert refused.value.by == ["the newsletter “Chairs”"]
    draft.state = NewsletterState.SENT
    session.flush()
    segments.remove(session, one.id)


def test_the_list_of_people_is_narrowed_by_a_saved_segment(session):
    ada, ben = factories.a_subscriber(session), factories.a_subscriber(session)
    factories.a_booking(session, ada)
    saved = segments.keep(session, "booked", BOOKED, NOW)
    segment, wrong = read({"saved": [str(saved.id)]})
    assert (segment.plain(), wrong) == ({"saved": [str(saved.id)]}, [])
    assert muster.find(session, segment, NOW, 5).ids == [ada.id]
    assert muster.count(session, segment, NOW, ben.id) == (1, True)
    assert muster.chunk(session, segment, NOW, 0, ben.id, 9) == ([ada.id], ben.id)


def test_a_segment_not_looked_up_or_gone_is_never_everybody(session):
    with pytest.raises(ValueError, match="not been looked up"):
        Segment(saved=1).conditions(NOW)
    with pytest.raises(RuleError, match="there no more"):
        muster.find(session, Segment(saved=1), NOW, 5)


def test_lines_are_told_with_their_places():
    plain = {"all": [{"any": [BOOKED, {"not": of(1)}]}, BOOKED]}
    assert [(place, line.kind) for place, line in rule.each(rule.read(plain))] == [
        ((1, 1), "booked"),
        ((1, 2), "segment"),
        ((2,), "booked"),
    ]
