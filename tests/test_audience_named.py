"""What a rule names is not deleted in the instant in which the rule is saved; of two of one name there is one."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from funnel.audience import segments, tags
from funnel.audience.rule import RuleError
from funnel.audience.segments import BadNameError, UsedError
from funnel.db import Session
from tests.conftest import NOW
from tests.mail_cast import somebody_waits, wait_for


def without(tag_id):
    return {"not": {"is": "tagged", "tag": tag_id}}


@pytest.fixture
def tag(session):
    made = tags.tag(session, "vip", NOW).id
    session.commit()
    return made


def second(first, other):
    """What `other` comes to in a transaction that begins before that of `first` ends, and has to wait for it."""
    with Session() as own, ThreadPoolExecutor() as threads:
        first(own)
        waits = threads.submit(_transaction, other)
        wait_for(lambda: somebody_waits() or waits.done())
        own.commit()
        return waits.result


def _transaction(verb):
    with Session.begin() as own:
        return verb(own)


def keep(tag_id, name="Others"):
    return lambda own: segments.keep(own, name, without(tag_id), NOW).id


def test_a_tag_is_not_deleted_as_a_segment_is_saved_that_names_it(session, tag):
    deleted = second(keep(tag), lambda own: tags.remove(own, tag))
    with pytest.raises(UsedError):
        deleted()


def test_a_segment_is_not_saved_with_a_tag_that_is_being_deleted(session, tag):
    saved = second(lambda own: tags.remove(own, tag), keep(tag))
    with pytest.raises(RuleError, match=segments.GONE):
        saved()
    assert segments.every(session) == []


def test_merged_as_a_segment_is_saved_the_segment_names_the_other_tag(session, tag):
    into = tags.tag(session, "friend", NOW).id
    session.commit()
    second(keep(tag), lambda own: tags.merge(own, tag, into))()
    assert segments.every(session)[0].rule == without(into)


def test_a_segment_is_not_deleted_as_another_is_saved_that_names_it(session, tag):
    named = segments.keep(session, "Clients", {"is": "booked"}, NOW).id
    session.commit()
    other = {"is": "segment", "segment": named}
    deleted = second(lambda own: segments.keep(own, "Others", other, NOW), lambda own: segments.remove(own, named))
    with pytest.raises(UsedError):
        deleted()


def test_of_two_segments_of_one_name_saved_at_once_the_second_is_told(session, tag):
    saved = second(keep(tag), keep(tag))
    with pytest.raises(BadNameError, match="There is a segment “Others” already"):
        saved()
    assert len(segments.every(session)) == 1
