"""Which mails are unknown, what is known of them, and what was decided."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.insight import decisions, groups
from funnel.insight import unknown as doubts
from funnel.insight.whereabouts import Where
from funnel.mail import unknown
from funnel.models.content import Newsletter
from funnel.models.house import AuditEntry
from funnel.models.mail import Message, MessageKind, MessageState
from tests.conftest import NOW
from tests.factories import a_message, a_sequence, a_subscriber, add
from tests.mail_cast import a_confirmation, a_newsletter, a_tip, claimed

LATER = NOW + timedelta(hours=2)
STATE = {"state": MessageState.UNKNOWN, "ended_at": NOW, "attempts": 1, "reason": "no answer came"}


@pytest.fixture
def cast(session):
    """Two of one step, one of a newsletter, a confirmation, and a test whose address is gone."""
    step = a_sequence(session).steps[1]
    issue = add(session, Newsletter(subject="Spring news", body="Words.", created_at=NOW))
    return {
        "tips": [a_tip(session, step_id=step.id, **STATE) for _ in range(2)],
        "issue": a_newsletter(session, a_subscriber(session), newsletter_id=issue.id, **(STATE | {"ended_at": LATER})),
        "confirmation": a_confirmation(session, **(STATE | {"reason": "the process ended"})),
        "test": a_message(session, kind=MessageKind.TEST, step_id=step.id, **STATE),
        "sent": a_tip(session, step_id=step.id, state=MessageState.SENT, ended_at=NOW),
    }


def ids(session, which):
    return set(session.scalars(select(Message.id).where(unknown.is_unknown(), *groups.chosen(which))))


def test_very_many_are_found_as_few_are(session, cast, monkeypatch):
    found = doubts.summed(session, NOW, doubts.held(session))
    monkeypatch.setattr(doubts, "MOST_HELD", 2)
    assert found.count == 5
    assert doubts.summed(session, NOW, doubts.held(session)) == found
    which = groups.chosen(f"mail-{cast['issue'].id}")
    assert [one.id for one in doubts.listed(session, NOW, doubts.held(session, *which))] == [cast["issue"].id]


def test_they_are_told_by_what_they_say_and_each_group_finds_its_own(session, cast):
    found = {group.name: group for group in groups.groups(session, unknown.is_unknown())}
    assert {name: group.count for name, group in found.items()} == {
        "Mail 2": 2,
        "Spring news": 1,
        "Please confirm": 1,
        groups.TESTS: 1,
    }
    assert found["Spring news"].since == LATER
    assert ids(session, found["Mail 2"].which) == {tip.id for tip in cast["tips"]}
    assert ids(session, found["Spring news"].which) == {cast["issue"].id}
    assert ids(session, found["Please confirm"].which) == {cast["confirmation"].id}
    assert ids(session, found[groups.TESTS].which) == {cast["test"].id}
    assert len(ids(session, groups.ALL)) == 5
    assert ids(session, f"mail-{cast['issue'].id}") == {cast["issue"].id}
    assert [
        group.name for group in groups.groups(session, unknown.is_unknown(), *groups.chosen("template-confirmation"))
    ] == ["Please confirm"]


@pytest.mark.parametrize("which", ["", "none", "step-", "step-x", f"mail-{10**18}", "template-A", "all-1", "mail-١"])
def test_a_name_of_nothing_stands_for_nothing(which):
    assert groups.chosen(which) is None


def test_together_they_say_why_and_what_cannot_be_sent_again(session, cast):
    found = doubts.summed(session, NOW)
    assert found.reasons == {"no answer came": 4, "the process ended": 1}
    assert found.hindrances == {unknown.NO_ADDRESS: 1}
    assert (found.count, found.sendable, found.since, found.latest) == (5, 4, NOW, LATER)
    assert doubts.summed(session, NOW, Message.id == cast["sent"].id) is None


def test_one_by_one_they_are_named_with_whom_they_went_to(session, cast):
    rows = {row.id: row for row in doubts.listed(session, NOW)}
    assert set(rows) == ids(session, groups.ALL)
    tip = rows[cast["tips"][0].id]
    assert (tip.name, tip.subscriber_id, tip.hindrance) == ("Mail 2", cast["tips"][0].subscriber_id, "")
    assert tip.address.endswith("@example.org")
    assert (rows[cast["test"].id].address, rows[cast["test"].id].hindrance) == (None, unknown.NO_ADDRESS)
    assert len(doubts.listed(session, NOW, limit=2)) == 2


def decided(session, action, known):
    return add(session, AuditEntry(action=action, detail={"which": "all", "known": known}, at=NOW)).id


def test_a_decision_tells_where_its_mails_are_and_how_many_can_be_had_back(session, cast):
    first = cast["tips"][0]
    number = decided(session, decisions.RESENT, unknown.resend(session, NOW, Message.step_id == first.step_id))
    assert len(claimed(session, limit=1)) == 1
    decision = decisions.made(session, number)
    assert (decision.sends, decision.count) == (True, 2)
    standing = decisions.standing(session, decision)
    assert standing == decisions.Standing({Where.QUEUED: 1, Where.SENDING: 1}, 1)
    assert unknown.take_back(session, decision.known, LATER) == 1


def test_taken_as_arrived_can_be_had_back_until_it_is(session, cast):
    number = decided(session, decisions.ACCEPTED, unknown.accept(session))
    decision = decisions.made(session, number)
    assert (decision.sends, decisions.standing(session, decision)) == (False, decisions.Standing({Where.SENT: 5}, 5))
    unknown.take_back(session, decision.known, LATER)
    assert decisions.standing(session, decision) == decisions.Standing({Where.UNKNOWN: 5}, 0)


def test_only_decisions_are_found_the_latest_first(session):
    other = add(session, AuditEntry(action="signed out", detail={}, at=NOW))
    numbers = [decided(session, decisions.ACCEPTED, {"": [number]}) for number in range(decisions.LATEST + 1)]
    assert [found.entry.id for found in decisions.latest(session)] == numbers[:0:-1]
    assert decisions.made(session, other.id) is None
    assert decisions.made(session, 999) is None
