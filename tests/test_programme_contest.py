"""Two subjects are tried on a part, and the better by people's clicks goes to the rest."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from funnel.audience import orders
from funnel.models.content import Newsletter, NewsletterState, Part, ZoneMode
from funnel.models.mail import LinkKind
from funnel.models.people import Subscriber
from funnel.programme import contest, odds, outgoing, subject_trial
from funnel.programme.outgoing import NotNow, Order
from funnel.programme.subject_trial import BadTrial, Trial
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_link, an_event
from tests.issue_cast import START, an_issue, arrive, assert_settled, click, mails, place, readers, whose, work

HALF_A_MINUTE = timedelta(seconds=30)
OVER = START + timedelta(hours=4, seconds=1)


@pytest.fixture
def few(monkeypatch):
    """A trial of few people, so that a test need not make a thousand."""
    monkeypatch.setattr(subject_trial, "LEAST", 4)


@pytest.fixture
def tried(session, few):
    """A trial of 60 % of 60 people that is planned and taken by the relay."""
    readers(session, 60)
    issue = place(session, an_issue(session), trial=Trial("Stools", 60, 4))
    work(session, limit=7)
    arrive(session)
    return issue


def wording(session, part):
    return session.scalars(select(Newsletter).where(Newsletter.part == part)).one()


def test_half_of_the_part_gets_each_subject_and_the_rest_nothing_yet(session, tried):
    a, b = whose(session, wording(session, Part.A)), whose(session, wording(session, Part.B))
    assert (wording(session, Part.A).subject, wording(session, Part.B).subject) == ("Chairs", "Stools")
    assert not set(a) & set(b)
    assert 25 < len(a) + len(b) < 47
    assert min(len(a), len(b)) >= 8
    assert tried.planned == len(a) + len(b)
    assert (tried.planned_at, tried.trial_ends_at) == (None, START + timedelta(hours=4))
    assert {mail.key for mail in mails(session)} == {f"newsletter:{tried.id}:{number}" for number in (*a, *b)}


def test_who_is_tried_on_is_the_same_whoever_looks_and_another_for_another_issue(session):
    people = set(readers(session, 200))
    for number in (1, 2):
        issue = Newsletter(id=number, trial_percent=50)
        groups = [
            set(session.scalars(select(Subscriber.id).where(subject_trial.tried(issue, part))))
            for part in (Part.A, Part.B)
        ]
        assert set.union(*groups) < people
        assert not set.intersection(*groups)
        if number == 1:
            first = groups
    assert first != groups


def test_the_subject_that_more_people_clicked_goes_to_the_rest(session, tried):
    b = wording(session, Part.B)
    click(session, b, whose(session, b)[:8])
    work(session, OVER - HALF_A_MINUTE)
    assert tried.winner is None
    work(session, OVER, limit=7)
    rest = wording(session, Part.REST)
    verdict = contest.kept(tried)
    assert (tried.winner, rest.subject, verdict.by) == (Part.B, "Stools", contest.BY_CLICKS)
    assert verdict.b == (8, len(whose(session, b)))
    assert verdict.chance > contest.SURE
    assert len(whose(session)) == len(set(whose(session))) == 60 == tried.planned
    assert tried.planned_at == OVER
    assert tried.subject == "Chairs"


def test_where_neither_is_surely_better_the_first_is_taken_and_that_is_said(session, tried):
    for part in (Part.A, Part.B):
        click(session, wording(session, part), whose(session, wording(session, part))[:2])
    work(session, OVER)
    verdict = contest.kept(tried)
    assert (verdict.winner, verdict.by) == (Part.A, contest.BY_NOBODY)
    assert 0.05 < verdict.chance < 0.95
    assert wording(session, Part.REST).subject == "Chairs"


def test_machines_and_the_hidden_link_are_no_clicks_and_a_person_counts_once(session, tried):
    a, b = wording(session, Part.A), wording(session, Part.B)
    click(session, b, whose(session, b), machine=True)
    canary = a_link(session, newsletter_id=b.id, kind=LinkKind.CANARY)
    for mail in mails(session, b):
        an_event(session, "click", mail, link_id=canary.id)
    click(session, a, whose(session, a)[:1] * 3)
    found = contest.judged(session, tried.id)
    assert (found.a[0], found.b[0]) == (1, 0)


def test_the_owner_may_choose_before(session, tried):
    contest.choose(session, tried.id, Part.B, START)
    work(session, START)
    assert wording(session, Part.REST).subject == "Stools"
    assert contest.kept(tried).by == contest.BY_OWNER
    assert tried.planned == 60
    with pytest.raises(NotNow, match=contest.CHOSEN):
        contest.choose(session, tried.id, Part.A, START)


def test_there_is_nothing_to_choose_without_a_trial(session):
    with pytest.raises(NotNow, match=contest.NO_TRIAL):
        contest.choose(session, an_issue(session, state="sending").id, Part.B, NOW)


def test_a_trial_that_is_paused_is_decided_when_it_goes_on(session, tried):
    outgoing.pause(session, tried.id, START)
    work(session, OVER)
    assert tried.winner is None
    outgoing.resume(session, tried.id, OVER)
    work(session, OVER)
    assert (tried.winner, tried.trial_ends_at) == (None, OVER + timedelta(hours=4))
    work(session, OVER + timedelta(hours=4, seconds=1))
    assert tried.winner is Part.A
    assert_balance(session)


def test_who_signed_up_during_the_trial_gets_the_rest(session, tried):
    late = readers(session, 12)
    work(session, OVER)
    assert set(late) <= set(whose(session, wording(session, Part.REST)))
    assert sorted(whose(session)) == sorted(session.scalars(select(Subscriber.id)))


def test_a_planner_killed_within_a_trial_is_followed_by_the_next(session, few, monkeypatch):
    readers(session, 30)
    issue = place(session, an_issue(session), trial=Trial("Stools", 60, 4))
    chance = random.Random(5)
    kept = subject_trial.tried

    def killed(*given):
        if chance.random() < 0.3:
            raise KeyboardInterrupt
        return kept(*given)

    monkeypatch.setattr(subject_trial, "tried", killed)
    for now in (START, OVER):
        for _ in range(60):
            try:
                work(session, now, limit=4)
                break
            except KeyboardInterrupt:
                continue
        arrive(session)
    assert len(whose(session)) == len(set(whose(session))) == issue.planned == 30
    assert session.scalar(select(func.count()).select_from(Newsletter)) == 4


def test_too_few_people_are_refused_with_the_number_and_why(session):
    readers(session, 20)
    issue = an_issue(session)
    with pytest.raises(BadTrial) as refused:
        orders.place(session, issue.id, Order(trial=Trial("Stools", 20, 4)), NOW)
    assert "1,000 people, 500 for each" in str(refused.value)
    assert "At 20 % that is 5,000 people in all" in str(refused.value)


@pytest.mark.parametrize(
    ("trial", "why"),
    [
        (Trial(" ", 50, 4), subject_trial.NO_SECOND),
        (Trial("Chairs ", 50, 4), subject_trial.SAME),
        (Trial("Stools", 0, 4), subject_trial.WRONG_SHARE),
        (Trial("Stools", 101, 4), subject_trial.WRONG_SHARE),
        (Trial("Stools", 50, 0), subject_trial.WRONG_HOURS),
        (Trial("Stools", 50, 73), subject_trial.WRONG_HOURS),
    ],
)
def test_a_trial_that_makes_no_sense_is_refused(session, few, trial, why):
    readers(session, 20)
    with pytest.raises(BadTrial, match=why):
        orders.place(session, an_issue(session).id, Order(trial=trial), NOW)


def test_no_trial_by_readers_clocks(session, few):
    readers(session, 20)
    order = Order(at=NOW + timedelta(days=2), zone_mode=ZoneMode.READER, trial=Trial("Stools", 50, 4))
    with pytest.raises(BadTrial, match=subject_trial.ONE_CLOCK):
        orders.place(session, an_issue(session).id, order, NOW)


def test_the_number_of_people_is_what_tells_a_doubled_rate_four_times_in_five():
    """4 and 8 of a hundred click, 500 people each: what the words of the refusal say."""
    chance = random.Random(1)
    told = 0
    for _ in range(400):
        a, b = (sum(chance.random() < rate for _ in range(subject_trial.LEAST_EACH)) for rate in (0.04, 0.08))
        told += odds.better(a, subject_trial.LEAST_EACH, b, subject_trial.LEAST_EACH) >= contest.SURE
    assert told / 400 > 0.8


def test_odds_of_what_is_known():
    assert odds.better(0, 0, 0, 0) == pytest.approx(0.5)
    assert odds.better(5, 50, 5, 50) == pytest.approx(0.5)
    assert odds.better(0, 1, 1, 1) == pytest.approx(5 / 6)  # of Beta(1, 2) and Beta(2, 1): by hand
    assert odds.better(10, 100, 30, 100) > 0.999
    with pytest.raises(ValueError, match="no rate"):
        odds.better(2, 1, 0, 1)


rate = st.integers(0, 60).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(rate, rate)
def test_odds_of_one_and_of_the_other_are_all(a, b):
    assert odds.better(*a, *b) + odds.better(*b, *a) == pytest.approx(1)


@given(rate, rate)
def test_odds_are_those_of_random_draws(a, b):
    drawn = random.Random(f"{a}{b}")
    beta = [[drawn.betavariate(count + 1, of - count + 1) for _ in range(3000)] for count, of in (a, b)]
    assert sum(y > x for x, y in zip(*beta, strict=True)) / 3000 == pytest.approx(odds.better(*a, *b), abs=0.06)


def test_an_issue_with_a_trial_ends_with_its_parts(session, tried):
    work(session, OVER)
    arrive(session)
    work(session, OVER)
    assert {one.state for one in session.scalars(select(Newsletter))} == {NewsletterState.SENT}
    assert_settled(session, tried)


def test_who_confirms_during_the_trial_gets_the_better_subject_whatever_their_share(session, few):
    people = readers(session, 60)
    late = readers(session, 20, state="pending")
    people += readers(session, 1)
    issue = place(session, an_issue(session), trial=Trial("Stools", 100, 4))
    work(session)
    arrive(session)
    for number in late:
        session.get_one(Subscriber, number).state = "active"
    work(session, OVER)
    assert set(whose(session, wording(session, Part.REST))) == set(late)
    assert sorted(whose(session)) == sorted(people + late)
    assert issue.planned == 81


@pytest.mark.parametrize(
    ("subject", "why"), [("Stools " * 20, "80 is the most"), ("Hi {{ nobody }}", "nobody"), ("a\tb", "line break")]
)
def test_the_second_subject_is_read_as_the_first_is(session, few, subject, why):
    readers(session, 5)
    with pytest.raises(BadTrial, match=why):
        orders.place(session, an_issue(session).id, Order(trial=Trial(subject, 100, 4)), NOW)
