"""Whoever works on an import holds it by a lease: killed workers are followed, and a pause or an end is seen."""

from funnel.audience import imports, verdicts
from funnel.db import Session, utc_now
from funnel.models.imports import ImportState, Verdict
from tasks import imports as task
from tests.import_cast import bring, check, found_again, people


def listed(import_id):
    with Session() as session:
        return [line.email for line in verdicts.listed(session, import_id, Verdict.NEW)]


def test_a_worker_that_was_killed_is_followed_exactly_where_it_was(session, monkeypatch):
    monkeypatch.setattr(task, "SLICE_S", 0)
    number = bring("".join(f"reader-{at}@example.org\n" for at in range(25)))
    check(number)
    with Session.begin() as own:
        imports.start(own, imports.hold(own, number), utc_now())
        killed = imports.take(own)
    with Session.begin() as own:
        task.admission.admit(own, imports.renew(own, killed), utc_now(), most=10)
    task.work()
    assert found_again(number).reached == 10  # its lease has not run out
    with Session.begin() as own:
        imports.hold(own, number).lease_until = utc_now().replace(year=2020)
    monkeypatch.undo()
    task.work()
    found = found_again(number)
    assert (found.state, found.reached, found.done) == (ImportState.DONE, 25, {"added": 25})
    assert len(people()) == 25
    with Session.begin() as own:  # whoever wakes up late does nothing more
        assert imports.renew(own, killed) is None


def test_a_check_renews_its_lease_while_it_forgets_what_an_earlier_one_left(session, monkeypatch):
    number = bring("ada@example.org\n")
    check(number)
    with Session.begin() as own:
        found = imports.hold(own, number)
        imports.check(own, found, imports.Plan.read(found.plan), utc_now())
        lease = imports.take(own)
    until, left = [lease.until], iter([100_000, 100_000, 0])
    monkeypatch.setattr(task.staging, "clear_rows", lambda *_: until.append(lease.until) or next(left))
    assert task._forget_former_lines(lease) is True
    assert until == sorted(set(until))
    assert len(until) == 4


def test_a_check_that_was_ended_touches_nothing_more(session):
    number = bring("ada@example.org\n")
    check(number)
    with Session.begin() as own:
        found = imports.hold(own, number)
        imports.check(own, found, imports.Plan.read(found.plan), utc_now())
        lease = imports.take(own)
        imports.cancel(own, found, utc_now())
    assert task.work_on(lease) is False
    assert listed(number) == ["ada@example.org"]


def test_a_check_that_is_ended_between_two_chunks_stops_there(session, monkeypatch):
    monkeypatch.setattr(task, "LINES", 1)
    number, stage = bring("ada@example.org\nben@example.org\neve@example.org\n"), task._stage

    def ended_after_the_first(lease, lines, reached):
        going_on = stage(lease, lines, reached)
        with Session.begin() as own:
            imports.cancel(own, imports.hold(own, number), utc_now())
        return going_on

    monkeypatch.setattr(task, "_stage", ended_after_the_first)
    assert check(number).state is ImportState.CANCELLED
    assert listed(number) == ["ada@example.org"]


def test_a_pause_and_an_end_are_seen_by_the_worker(session, monkeypatch):
    number = bring("".join(f"reader-{at}@example.org\n" for at in range(25)))
    check(number)
    with Session.begin() as own:
        imports.start(own, imports.hold(own, number), utc_now())
        lease = imports.take(own)
        assert imports.pause(own, imports.hold(own, number))
    assert task.work_on(lease) is False
    assert people() == {}
    with Session.begin() as own:
        assert imports.resume(own, imports.hold(own, number))
        assert imports.cancel(own, imports.hold(own, number), utc_now())
    task.work()
    assert (found_again(number).state, people()) == (ImportState.CANCELLED, {})
