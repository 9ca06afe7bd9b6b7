"""The hours of a trial run while people can read its mails: not while these wait for a relay, nor in a pause."""

from datetime import timedelta

import pytest

from funnel.mail import record
from funnel.mail.ledger import Result
from funnel.mail.replies import Meaning, Outcome
from funnel.models.content import Part
from funnel.programme import subject_trial
from funnel.programme.subject_trial import Trial
from tests.issue_cast import START, an_issue, arrive, place, readers, work
from tests.mail_cast import claimed

OVER = START + timedelta(hours=4, seconds=1)
HALF_A_MINUTE = timedelta(seconds=30)


@pytest.fixture
def few(monkeypatch):
    """A trial of few people, so that a test need not make a thousand."""
    monkeypatch.setattr(subject_trial, "LEAST", 4)


def test_the_hours_of_a_trial_begin_once_its_mails_have_left(session, few):
    readers(session, 60)
    issue = place(session, an_issue(session), trial=Trial("Stools", 60, 4))
    for now in (START, OVER):
        work(session, now)
        assert (issue.winner, issue.trial_ends_at) == (None, now + timedelta(hours=4))
    arrive(session)
    work(session, OVER + HALF_A_MINUTE)
    assert issue.trial_ends_at == OVER + timedelta(hours=4)
    work(session, OVER + timedelta(hours=4, seconds=1))
    assert issue.winner is Part.A


def test_a_trial_waits_for_mails_in_the_hands_of_a_worker_and_not_for_one_of_twenty(session, few):
    readers(session, 60)
    issue = place(session, an_issue(session), trial=Trial("Stools", 60, 4))
    work(session)
    found = claimed(session, START)
    work(session, OVER)
    assert issue.winner is None
    sent = Outcome(Meaning.ACCEPTED, "", relay="relay")
    record.record(session, found[0].claim_id, [Result(one, sent) for one in found[1:]], OVER)
    session.commit()
    work(session, OVER + timedelta(hours=4, seconds=1))
    assert issue.winner is Part.A
