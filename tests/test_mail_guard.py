"""A database that was set back is noticed before a mail leaves from it, and nothing leaves until somebody says so."""

import dataclasses
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from funnel.audience import withdrawals
from funnel.audience.withdrawals import Kind, Line
from funnel.db import Session as Opened
from funnel.mail import claim, guard, lineage, mark
from funnel.mail.mark import Mark
from funnel.models.mail import Queue
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.sending import GUARD, Claim, Lineage, Rest
from tests.conftest import NOW
from tests.factories import a_subscriber
from tests.mail_cast import a_tip

HOUR = timedelta(hours=1)


@pytest.fixture
def place(tmp_path: Path, setting, clean) -> Path:  # type: ignore[no-untyped-def]
    """DATA_DIR of this machine."""
    setting(DATA_DIR=str(tmp_path / "one"))
    return tmp_path / "one"


def checked(now: datetime = NOW, claims: bool = True) -> bool:
    """One claiming transaction, as the engine makes it."""
    with Opened.begin() as session:
        claim_id = claim.new_id(session)
        if not guard.check(session, claim_id, now):
            return False
        if claims and claim.claim(session, Queue.BULK, now, 10, claim_id):
            guard.note(session)
        return True


def halted() -> str:
    with Opened.begin() as session:
        rest = session.get(Rest, GUARD)
        assert rest is None or rest.until is None
        return rest.why if rest else ""


def resume(now: datetime = NOW + HOUR) -> int:
    with Opened.begin() as session:
        return guard.resume(session, now)


def claims_made(session: Session, count: int = 3) -> None:
    for _ in range(count):
        a_tip(session)
        session.commit()
        assert checked()


def executed(statement: str) -> None:
    with Opened.begin() as session:
        session.execute(text(statement))


def test_a_new_database_is_taken_as_it_is(place, session):
    assert checked()
    assert halted() == ""
    row = session.scalars(select(Lineage)).one()
    assert row.accepted_at == NOW
    assert mark.read() == Mark(NOW)
    assert checked(NOW + HOUR)


def test_two_may_take_a_new_database_at_once(place):
    with Opened() as one, Opened() as two:
        assert guard.check(one, 1, NOW)
        one.commit()
        assert guard.check(two, 2, NOW + HOUR)
        two.commit()
    assert mark.read() == Mark(NOW)
    assert checked()


def test_the_mark_follows_the_claims_that_were_made(place, session):
    claims_made(session, 2)
    last = session.scalars(select(Claim.id).order_by(Claim.id.desc())).first()
    found = mark.read()
    assert found.claim_id == last
    assert found.transaction > 0
    assert checked()  # nothing was due: no claim was made
    assert mark.read() == found


def test_a_claim_that_was_rolled_back_leaves_no_mark(place, session):
    claims_made(session, 1)
    before = mark.read()
    guard.check(session, claim.new_id(session), NOW)
    guard.note(session)
    session.rollback()
    assert mark.read() == before


def test_a_worker_that_claims_between_our_number_and_our_look_is_no_alarm(place, session):
    ours = claim.new_id(session)
    session.commit()
    claims_made(session, 2)
    assert guard.check(session, ours, NOW)


@pytest.mark.parametrize("sent_back", ["claim_id_seq", "transaction"])
def test_a_snapshot_of_the_disk_is_known_by_what_went_back(place, session, sent_back):
    claims_made(session)
    if sent_back == "transaction":  # as far as this machine can tell
        found = mark.read()
        mark.write([dataclasses.replace(found, transaction=found.transaction + 1000)])
    else:
        executed("SELECT setval('claim_id_seq', 2)")
    assert not checked()
    assert halted().startswith(guard.OLDER)
    assert not checked()


def test_a_snapshot_from_before_it_was_accepted_again_is_older(place, session):
    assert checked()
    mark.write([Mark(NOW + HOUR)])
    assert not checked()
    assert halted().startswith(guard.OLDER)


@pytest.mark.parametrize("part", range(4))
def test_another_cluster_database_table_or_timeline_is_another_database(place, session, part):
    assert checked()
    parts = session.scalars(select(Lineage.identity)).one().split("/")
    assert len(parts) == 4
    parts[part] = "1"
    session.execute(update(Lineage).values(identity="/".join(parts)))
    session.commit()
    assert not checked()
    assert halted().startswith(guard.ANOTHER)
    assert "may have been sent since" in halted()


def test_nothing_is_marked_while_it_is_halted(place, session):
    claims_made(session)
    before = mark.read()
    executed("UPDATE lineage SET identity = 'another'")
    checked()
    checked()
    assert mark.read() == dataclasses.replace(before, told_at=NOW)


def test_it_goes_on_once_somebody_says_so(place, session):
    claims_made(session)
    executed("SELECT setval('claim_id_seq', 1)")
    assert not checked()
    resume()
    assert halted() == ""
    assert checked()
    found = session.scalars(select(Lineage.accepted_at)).one()
    assert found == NOW + HOUR
    assert mark.read().accepted_at == found
    claims_made(session, 1)


def test_told_to_go_on_when_nothing_is_halted_nothing_happens(place, session):
    assert checked()
    before = session.scalars(select(Lineage.accepted_at)).one()
    assert resume() == 0
    with Opened.begin() as other:
        guard.resume_all(other, NOW + HOUR)
    assert session.scalars(select(Lineage.accepted_at)).one() == before


def test_an_operators_clock_that_is_slow_does_no_harm(place, session):
    claims_made(session)
    executed("UPDATE lineage SET identity = 'another'")
    assert not checked(NOW + HOUR)
    resume(NOW - HOUR)
    assert checked(NOW + HOUR)


def test_a_second_restore_is_noticed_like_the_first(place, session):
    claims_made(session)
    for _ in range(2):
        executed("UPDATE lineage SET identity = 'another'")
        assert not checked()
        resume()
        assert checked()


def test_ending_the_rest_alone_changes_nothing(place, session):
    claims_made(session)
    executed("UPDATE lineage SET identity = 'another'")
    assert not checked()
    executed("DELETE FROM rest")
    assert not checked()
    assert halted()


def test_numbers_given_to_rows_that_are_lost_are_not_given_again(place, session):
    person = a_subscriber(session)
    session.commit()
    claims_made(session)
    executed("UPDATE lineage SET identity = 'another'")
    assert not checked()
    checked()
    assert person.id + lineage.SKIPPED < a_subscriber(session).id < person.id + 2 * lineage.SKIPPED
    assert claim.new_id(session) > lineage.SKIPPED


def test_withdrawals_are_told_again_before_it_goes_on(place, session):
    ada = a_subscriber(session)
    session.commit()
    assert checked()
    withdrawals.write([Line(NOW, Kind.LEFT, ada.address_hash)])
    with Opened.begin() as other:
        guard.halt(other, guard.RESTORED, NOW)
    session.expire_all()
    assert session.get_one(Subscriber, ada.id).state == SubscriberState.UNSUBSCRIBED
    assert halted().startswith("a backup was restored. ")


def test_halted_again_and_again_it_is_halted_once(place, session):
    assert checked()
    for hours in range(3):
        with Opened.begin() as other:
            guard.halt(other, guard.RESTORED, NOW + hours * HOUR)
    assert session.scalars(select(Rest.since)).all() == [NOW]
    assert claim.new_id(session) < 2 * lineage.SKIPPED


def test_a_lost_mark_halts_nothing(place, session, caplog):
    claims_made(session)
    (place / "sending.mark").write_bytes(b"\0" * 256)
    assert checked()
    assert mark.read().accepted_at == NOW


def test_a_host_that_lets_nobody_read_its_facts_is_known_by_the_others(place, session, monkeypatch):
    assert checked()
    monkeypatch.setattr(lineage, "FACTS", ("no_such_function()", *lineage.FACTS[1:3], "pg_read_file('/nothing')"))
    session.execute(text("CREATE ROLE humble"))
    session.execute(text("GRANT USAGE ON SCHEMA public TO humble"))
    session.execute(text("GRANT ALL ON ALL TABLES IN SCHEMA public TO humble"))
    session.execute(text("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO humble"))
    session.execute(text("SET LOCAL ROLE humble"))
    here = lineage.look(session)
    assert here.identity.startswith("-/")
    assert here.identity.endswith("/-")
    assert here.is_accepted  # by an account that could read them
    assert guard.check(session, 0, NOW)
    session.execute(text("UPDATE lineage SET identity = '-/1/1/-'"))
    assert not lineage.look(session).is_accepted
    session.rollback()
