"""After a restored backup nothing more of an issue leaves before its owner says whether it was sent since."""

from datetime import timedelta

import pytest

from funnel.audience import dispatch, orders
from funnel.db import Session
from funnel.mail import guard
from funnel.models.content import NewsletterState
from funnel.models.mail import MessageState
from funnel.programme import forgotten, outgoing
from funnel.programme.outgoing import NotNow, Order
from tests.conftest import NOW
from tests.issue_cast import START, an_issue, arrive, assert_settled, mails, place, readers, whose, work

State = NewsletterState
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def machine(tmp_path, setting):
    setting(DATA_DIR=str(tmp_path / "data"))


def restored(session, at=START):
    session.commit()
    with Session.begin() as own:
        guard.halt(own, guard.RESTORED, at)
    session.expire_all()


def told_to_go_on(session, at=START + HOUR):
    with Session.begin() as own:
        guard.resume(own, at)
    session.expire_all()


def test_what_was_scheduled_leaves_by_no_clock_and_no_other_word(session):
    readers(session, 2)
    issue = place(session, an_issue(session))
    later = place(session, an_issue(session), at=START + 2 * HOUR)
    restored(session)
    told_to_go_on(session, START)
    for now in (START, START + 2 * HOUR):
        work(session, now)
        with pytest.raises(NotNow, match=outgoing.IN_DOUBT):
            outgoing.confirm_late(session, issue.id, now)
    assert [(one.state, mails(session, one)) for one in (issue, later)] == [(State.SCHEDULED, [])] * 2
    assert forgotten.asking(session) == 2


def test_said_not_to_have_been_sent_it_leaves_as_it_was_to(session):
    people = readers(session, 2)
    issue, later = place(session, an_issue(session)), place(session, an_issue(session), at=START + 9 * HOUR)
    restored(session)
    told_to_go_on(session)
    for one in (issue, later):
        forgotten.go_on(session, one.id, START + 3 * HOUR)
    work(session, START + 3 * HOUR)
    assert (whose(session), issue.state, later.state) == (people, State.SENDING, State.SCHEDULED)
    work(session, later.starts_at)
    assert whose(session, later) == people
    with pytest.raises(NotNow, match=forgotten.NO_DOUBT):
        forgotten.go_on(session, issue.id, START)


def test_said_to_have_been_sent_it_is_over(session):
    readers(session, 2)
    issue = place(session, an_issue(session))
    restored(session)
    told_to_go_on(session)
    forgotten.take_as_sent(session, issue.id, START + HOUR)
    work(session, START + HOUR)
    assert (issue.started_at, mails(session)) == (START, [])
    assert_settled(session, issue)


def half_planned(session):
    """Two of four people have theirs planned as the backup is made."""
    people = readers(session, 4)
    issue = place(session, an_issue(session))
    with Session.begin() as own:
        outgoing.start(own, START)
    with Session.begin() as own:
        dispatch.step(own, issue.id, START, 2)
    session.expire_all()
    assert whose(session) == people[:2]
    return issue, people


def test_half_planned_it_is_paused_and_the_others_get_it_only_when_told(session):
    issue, people = half_planned(session)
    restored(session, START + HOUR)
    told_to_go_on(session)
    work(session, START + HOUR)
    assert (issue.state, whose(session)) == (State.PAUSED, people[:2])
    with pytest.raises(NotNow, match=outgoing.IN_DOUBT):
        outgoing.resume(session, issue.id, START + HOUR)
    forgotten.go_on(session, issue.id, START + HOUR)
    work(session, START + HOUR)
    assert whose(session) == people
    assert [mail.state for mail in mails(session)] == [MessageState.UNKNOWN] * 2 + [MessageState.QUEUED] * 2


def test_half_planned_and_sent_since_no_more_is_planned(session):
    issue, people = half_planned(session)
    restored(session, START + HOUR)
    told_to_go_on(session)
    forgotten.take_as_sent(session, issue.id, START + HOUR)
    work(session, START + HOUR)
    assert whose(session) == people[:2]
    assert_settled(session, issue)


def test_a_trial_whose_rest_was_sent_since_is_not_decided_any_more(session, monkeypatch):
    issue = an_issue(session, state="paused", subject_b="Stools", trial_hours=1, trial_ends_at=NOW, doubted_at=NOW)
    readers(session, 2)
    forgotten.take_as_sent(session, issue.id, START)
    work(session, START + 2 * HOUR)
    assert (issue.winner, mails(session)) == (None, [])
    assert_settled(session, issue)


def test_nothing_is_let_go_before_the_database_is_told_to_go_on(session):
    """What was due by the halt is in doubt then; let go before, it would be due after it, and leave twice."""
    readers(session, 2)
    issue = place(session, an_issue(session))
    work(session)
    outgoing.pause(session, issue.id, START)
    work(session)
    restored(session, START + HOUR)
    outgoing.resume(session, issue.id, START + 2 * HOUR)
    work(session, START + 2 * HOUR)
    told_to_go_on(session, START + 3 * HOUR)
    work(session, START + 3 * HOUR)
    assert {mail.state for mail in mails(session)} == {MessageState.UNKNOWN}
    assert_settled(session, issue)


def test_a_draft_is_scheduled_anew_by_whoever_was_warned_and_what_was_sent_is_in_no_doubt(session):
    readers(session, 1)
    draft, sent = an_issue(session), place(session, an_issue(session))
    work(session)
    arrive(session)
    work(session)
    restored(session)
    assert (draft.doubted_at, sent.doubted_at) == (START, None)
    orders.place(session, draft.id, Order(), START)
    assert draft.doubted_at is None


def test_cancelled_it_is_in_doubt_no_more(session):
    issue = an_issue(session, state="paused", doubted_at=NOW)
    outgoing.cancel(session, issue.id, START)
    assert (issue.doubted_at, issue.cancelled_at, forgotten.asking(session)) == (None, START, 0)


def test_a_draft_that_was_thrown_away_is_asked_about_once_it_is_fetched_back(session):
    issue = an_issue(session)
    outgoing.throw_away(session, issue.id, NOW)
    restored(session)
    told_to_go_on(session)
    with pytest.raises(NotNow):
        forgotten.go_on(session, an_issue(session).id, START)
    assert outgoing.fetch_back(session, issue.id).doubted_at == START
