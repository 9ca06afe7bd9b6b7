"""`flask newsletter`: the same verbs, what they would do, plain words and exit codes."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from funnel.audience import orders, segments
from funnel.cli import order_words
from funnel.db import utc_now
from funnel.models.content import Newsletter, NewsletterState
from funnel.models.house import AuditEntry
from funnel.models.people import Subscriber
from funnel.programme import outgoing, subject_trial
from funnel.programme.outgoing import Order
from funnel.programme.subject_trial import Trial
from tests.factories import a_booking
from tests.issue_cast import an_issue, mails, readers, work
from tests.newsletter_desk import WORDS

State = NewsletterState
ALL = ("--segment", "everybody")


@pytest.fixture
def run(app):
    def ran(*words):
        result = app.test_cli_runner().invoke(args=("newsletter", *words))
        return result.exit_code, result.output

    return ran


@pytest.fixture
def issue(session):
    readers(session, 3)
    made = an_issue(session, preheader=WORDS["preheader"])
    session.commit()
    return made


def begun(session, issue):
    """It is planned."""
    now = utc_now()
    session.execute(update(Newsletter).values(starts_at=now))
    work(session, now)


def noted(session):
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_they_are_listed_with_their_state(run, session, issue):
    an_issue(session, state="sending", parent_id=issue.id, part="a", subject="A wording")
    session.commit()
    code, said = run("list")
    assert (code, said.split()) == (0, [str(issue.id), "draft", "Chairs"])


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(run, session, issue):
    code, said = run("send", str(issue.id), *ALL, "--at", "2030-07-01T09:00", "--dry-run")
    assert (code, said) == (0, "Newsletter 1 would be scheduled for 2030-07-01 09:00 BST, to 3 people as of now.\n")
    session.expire_all()
    assert (issue.state, issue.send_at, noted(session)) == (State.DRAFT, None, [])


def test_it_is_scheduled_taken_back_sent_paused_resumed_and_cancelled(run, session, issue):
    number = str(issue.id)
    code, said = run("send", number, *ALL)
    assert (code, said.partition(" for ")[0]) == (0, "Newsletter 1 is scheduled")
    assert run("cancel", number) == (0, "Newsletter 1 is a draft.\n")
    run("send", number, *ALL, "--with-course")
    begun(session, issue)
    assert len(mails(session)) == 3
    for verb, action, state in (
        ("pause", "paused", State.PAUSED),
        ("resume", "resumed", State.SENDING),
        ("cancel", "cancelled", State.CANCELLED),
    ):
        code, said = run(verb, number, "--dry-run")
        assert (code, said.splitlines()[0].startswith("Newsletter 1 would be ")) == (0, True)
        code, said = run(verb, number)
        assert (code, "planned 3: " in said) == (0, True)
        session.expire_all()
        assert (issue.state, noted(session)[-1]) == (state, f"{action} a newsletter")


def test_what_cannot_be_done_is_said_in_a_line_with_exit_code_one(run, session, issue):
    assert run("pause", str(issue.id)) == (1, f"Error: {outgoing.STANDS[State.DRAFT]}\n")
    assert run("send", str(issue.id), "--at", "2020-01-01 09:00", *ALL) == (1, f"Error: {outgoing.PAST}\n")
    code, said = run("show", "99")
    assert (code, "There is no newsletter 99" in said) == (1, True)
    code, said = run("send", str(issue.id), "--readers-clock")
    assert (code, "--readers-clock needs --at" in said) == (2, True)


def test_one_that_is_late_says_so_and_is_sent_when_asked(run, session, issue):
    number = str(issue.id)
    run("send", number, *ALL)
    session.execute(update(Newsletter).values(starts_at=utc_now() - timedelta(hours=5), send_at=utc_now()))
    session.commit()
    assert "its time passed 5 hours ago, while the service was down" in run("show", number)[1]
    code, said = run("send", number, "--dry-run")
    assert (code, said) == (0, "Newsletter 1 would be sent late, from now on, to 3 people as of now.\n")
    assert run("send", number)[0] == 0
    work(session, utc_now())
    assert len(mails(session)) == 3


def test_one_that_is_late_goes_to_nobody_else_and_with_no_words_that_are_refused(run, session, issue):
    number = str(issue.id)
    run("send", number, *ALL)
    session.execute(update(Newsletter).values(starts_at=utc_now() - timedelta(hours=5), send_at=utc_now()))
    session.commit()
    for other in (ALL, ("--segment", "no such segment"), ("--with-course",)):
        assert run("send", number, *other) == (1, f"Error: {order_words.LATE}\n")
    session.execute(update(Newsletter).values(body="{{ nobody }}"))
    session.commit()
    code, said = run("send", number)
    assert (code, "Newsletter, line 1" in said) == (1, True)
    session.expire_all()
    assert issue.starts_at < utc_now() - timedelta(hours=4)


def test_shown_it_tells_where_the_mails_are_and_counts_them_when_asked(run, session, issue):
    number = str(issue.id)
    run("send", number, *ALL, "--at", "2030-07-01T09:00", "--readers-clock")
    code, said = run("show", number)
    assert code == 0
    assert "leaves 2030-07-01 09:00 BST of each reader’s clock, to 3 people as of now" in said
    begun(session, issue)
    code, said = run("show", number, "--count")
    assert code == 0
    assert "counted: queued 3; 3 in all, 3 planned" in said
    session.execute(update(Newsletter).values(planned=4))
    session.commit()
    code, said = run("show", number, "--count")
    assert (code, "The sum does not hold." in said) == (1, True)


def test_a_trial_is_told_with_how_sure_it_is(run, session, issue):
    issue.verdict = {"a": [20, 500], "b": [45, 500], "chance": 0.9993, "winner": "b", "by": "clicks"}
    session.commit()
    said = run("show", str(issue.id))[1]
    assert "20 of 500 clicked the first, 45 of 500 the second" in said
    assert "the second is better with 99.9%; B was chosen by clicks" in said


def test_to_whom_is_said_or_stands_in_it(run, session, issue):
    ada, *_ = session.scalars(select(Subscriber).order_by(Subscriber.id))
    a_booking(session, ada, state="booked")
    segments.keep(session, "Clients", {"is": "booked"}, utc_now())
    session.commit()
    number = str(issue.id)
    assert run("send", number) == (1, f"Error: {order_words.TO_WHOM}\n")
    assert run("send", number, "--segment", "Nobody") == (1, "Error: There is no segment “Nobody”.\n")
    assert "to 1 people as of now" in run("send", number, "--segment", "Clients")[1]
    run("cancel", number)
    assert "to 1 people as of now" in run("send", number)[1]
    assert "kept out of the archive" in run("send", number, "--at", "2030-07-01 09:00")[1]
    run("cancel", number)
    assert run("send", number, *ALL)[1].endswith("to 3 people as of now.\n")
    run("cancel", number)
    assert run("send", number) == (1, f"Error: {order_words.TO_WHOM}\n")


def test_what_is_scheduled_is_moved_only_to_a_time_and_keeps_its_trial(run, session, issue, monkeypatch):
    monkeypatch.setattr(subject_trial, "LEAST", 2)
    number = str(issue.id)
    orders.place(session, issue.id, Order(trial=Trial("Stools", 100, 4)), utc_now())
    session.commit()
    before = issue.send_at
    assert run("send", number) == (1, f"Error: {order_words.SET}\n")
    session.expire_all()
    assert (issue.send_at, issue.subject_b) == (before, "Stools")
    assert run("send", number, "--at", "2030-07-01T09:00")[0] == 0
    session.expire_all()
    assert (issue.send_at > before, issue.subject_b, issue.trial_percent, issue.trial_hours) == (True, "Stools", 100, 4)


@pytest.mark.parametrize(
    ("words", "why"),
    [({"subject": "A new issue"}, "Write your own first"), ({"body": "{{ nobody }}"}, "Newsletter, line 1")],
)
def test_words_that_the_page_refuses_are_refused(run, session, issue, words, why):
    for name, text in words.items():
        setattr(issue, name, text)
    session.commit()
    code, said = run("send", str(issue.id), *ALL)
    assert (code, why in said) == (1, True)
    session.expire_all()
    assert issue.state is State.DRAFT


def test_after_a_restore_it_is_sent_only_with_the_word_that_it_was_not(run, session, issue):
    number = str(issue.id)
    issue.doubted_at = utc_now()
    session.commit()
    code, said = run("send", number, *ALL)
    assert (code, outgoing.IN_DOUBT in said, "--not-sent" in said) == (1, True, True)
    assert run("send", number, *ALL, "--not-sent")[0] == 0
    begun(session, issue)
    outgoing.pause(session, issue.id, utc_now())
    session.execute(update(Newsletter).values(doubted_at=utc_now()))
    session.commit()
    assert "[asks whether it was sent]" in run("list")[1]
    assert outgoing.IN_DOUBT in run("show", number)[1]
    assert run("resume", number) == (1, f"Error: {outgoing.IN_DOUBT}\n")
    assert "is being sent" in run("resume", number, "--not-sent")[1]
    assert run("resume", number, "--not-sent")[0] == 1
