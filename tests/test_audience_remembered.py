"""Remembered crowds: the people of the time that is told with them, and counted anew by one worker when asked."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel import shelf
from funnel.audience import counting, recipients, remembered, rule, tags
from funnel.audience.remembered import FRESH_FOR, KEPT_FOR
from tests import factories
from tests.conftest import NOW
from tests.rule_folk import Folk
from tests.test_audience_rule import BY_DICE, people

SECOND = timedelta(seconds=1)


@pytest.fixture
def runners(session, monkeypatch):
    """Ada is one and is counted; then Ben is one too."""
    monkeypatch.setattr(remembered, "WORTH_KEEPING", 1)
    tag = tags.tag(session, "runner", NOW)
    ada, ben = factories.a_subscriber(session), factories.a_subscriber(session)
    tags.put(session, tag.id, [ada.id], NOW)
    found = rule.read({"is": "tagged", "tag": tag.id})
    assert counted(session, found, NOW) == (1, NOW)
    tags.put(session, tag.id, [ben.id], NOW)
    return found


def counted(session, found, now, **how):
    told = counting.recipients(session, found, True, now, **how)
    return len(told.people), told.at


def renewed(session, now):
    return sum(1 for _ in iter(lambda: counting.renew(session, now), False))


def shut(monkeypatch):
    class Away:
        def __getattr__(self, name):
            raise shelf.RedisError("away")

    monkeypatch.setattr(shelf, "_client", Away)


def test_a_large_crowd_is_told_with_its_time_until_it_is_ten_minutes_old(session, runners):
    last = NOW + KEPT_FOR - SECOND
    assert counted(session, runners, last) == (1, NOW)
    assert counted(session, runners, NOW + KEPT_FOR) == (2, NOW + KEPT_FOR)


def test_what_must_be_exact_is_read_anew_and_not_remembered_being_perhaps_of_a_time_to_come(session, runners):
    tomorrow = NOW + timedelta(days=1)
    assert counted(session, runners, tomorrow, exact=True) == (2, tomorrow)
    assert counted(session, runners, NOW + SECOND) == (1, NOW)


def test_what_is_older_than_a_minute_is_asked_for_and_counted_anew_once(session, runners):
    young, old = NOW + FRESH_FOR - SECOND, NOW + FRESH_FOR
    counted(session, runners, young)
    assert not counting.renew(session, young)

    assert counted(session, runners, old) == (1, NOW)
    assert renewed(session, old) == 2  # the line, and who may be mailed
    assert counted(session, runners, old + SECOND) == (2, old)


def test_two_workers_at_once_share_what_is_asked_for(runners):
    remembered.ask([counting.MAILABLE, runners, runners])
    assert {remembered.asked(), remembered.asked()} == {counting.MAILABLE, runners}
    assert remembered.asked() is None


def test_a_worker_that_dies_half_way_leaves_what_was_told_and_is_asked_again(session, runners, monkeypatch):
    old = NOW + FRESH_FOR
    counted(session, runners, old)
    with monkeypatch.context() as patched:
        patched.setattr(counting, "_all", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            counting.renew(session, old)
    assert counted(session, runners, old + SECOND) == (1, NOW)
    assert renewed(session, old + SECOND) == 2
    assert counted(session, runners, old + SECOND) == (2, old + SECOND)


def test_without_redis_everything_is_counted_anew(session, runners, monkeypatch, caplog):
    shut(monkeypatch)
    assert counted(session, runners, NOW + SECOND) == (2, NOW + SECOND)
    remembered.ask([runners])
    assert "no crowd is asked for" in caplog.text


@BY_DICE
@given(st.data(), st.integers(0, 10**6))
def test_what_is_told_later_is_what_the_condition_selected_at_that_time(session, data, seed):
    session.rollback()
    folk = Folk(session, seed)
    plain = data.draw(folk.rules())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(remembered, "WORTH_KEEPING", 0)
        then = people(session, recipients.condition(plain, False, NOW))
        remembered.ask([counting.MAILABLE, counting.IN_COURSE, *counting.leaves(rule.read(plain))])
        renewed(session, NOW)
        for one in folk.folk[:3]:
            one.email = None
        session.flush()
        told = counting.recipients(session, rule.read(plain), False, NOW + SECOND)
    assert (set(told.people), told.at) == (then, NOW)
