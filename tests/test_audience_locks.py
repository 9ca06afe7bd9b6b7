"""The one order of all who take several locks: mailboxes, networks, people by their hash, the turnstile last."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from funnel import tokens
from funnel.audience import admission, allowance, answer, asking, by_hand, letting_in, mailbox, settle
from funnel.db import Session
from funnel.models.imports import Import
from funnel.models.mail import Message
from funnel.models.people import SignUp, SignUpState, Subscriber
from tests.audience_cast import count, slow_locks  # noqa: F401 (a fixture)
from tests.conftest import NOW
from tests.factories import a_form, a_sign_up, a_subscriber
from tests.import_cast import bring, check
from tests.mail_cast import somebody_waits, wait_for

MINUTE = timedelta(minutes=1)


def committed(work, *args):
    with Session.begin() as own:
        work(own, *args)


def meanwhile(session, work):
    """Begins `work` in a transaction of its own, waits until it has to wait for `session`, and says how it ends."""
    found = ThreadPoolExecutor(1).submit(committed, work)
    wait_for(lambda: found.done() or somebody_waits())
    return found


def test_two_who_settle_at_once_do_not_fill_the_same_minute(session):
    form = a_form(session)
    ids = [a_sign_up(session, form, network=None).id for _ in range(120)]
    session.commit()
    settle.settle_all(session, ids[:60], NOW)
    other = meanwhile(session, lambda own: settle.settle_all(own, ids[60:], NOW))
    session.commit()
    other.result()
    due = select(Message.due_at, func.count()).group_by(Message.due_at)
    assert dict(session.execute(due).all()) == {NOW: 60, NOW + MINUTE: 60}


def test_who_settles_waits_for_nobody_while_no_mail_asks(session):
    """Who is in is told so, or asked about another course, whatever turns are being given."""
    form = a_form(session)
    first, second = (a_sign_up(session, form, network=None) for _ in range(2))
    a_subscriber(session, email=second.email)
    session.commit()
    settle.settle_all(session, [first.id], NOW)
    committed(settle.settle_all, [second.id], NOW)
    session.commit()
    session.refresh(second)
    assert second.reason == answer.ANOTHER


def refused(session, form, emails):
    rows = [a_sign_up(session, form, email=email, state=SignUpState.REFUSED) for email in emails]
    return partial(letting_in.let_in, ids=[row.id for row in rows], now=NOW)


def imported(session, form, emails):
    session.commit()
    number = bring("".join(f"{email}\n" for email in emails))
    check(number, way="ask", form_id=form.id, how="")
    return lambda own: asking.ask(own, own.get_one(Import, number), NOW)


@pytest.mark.parametrize("several", [refused, imported])
def test_who_asks_several_has_all_their_mailboxes_before_the_turnstile(session, several):
    form = a_form(session)
    first, last = sorted(("ada@example.org", "ben@example.org"), key=mailbox.hash_of)
    work = several(session, form, [first, last])
    third = a_sign_up(session, form, network=None)
    session.commit()
    allowance.lock_address(session, mailbox.hash_of(last))
    other = meanwhile(session, work)
    settle.settle_all(session, [third.id], NOW)  # the turn is free
    session.commit()
    other.result()
    assert len(session.scalars(select(Message)).all()) == 3


def test_several_are_locked_in_one_order_whichever_they_are_given_in(clean, slow_locks):
    names = [f"192.0.2.{number}" for number in range(20)]
    hashes = [mailbox.hash_of(f"reader-{number}@example.org") for number in range(20)]
    for lock, *asked in ((allowance.lock_addresses, hashes), (allowance.lock_networks, names, names)):
        begun = threading.Barrier(2)

        def work(order, begun=begun, lock=lock, asked=asked):
            with Session.begin() as own:
                begun.wait()
                lock(own, *(several[::order] for several in asked))

        with ThreadPoolExecutor(2) as both:
            for one in [both.submit(work, order) for order in (1, -1)]:
                one.result()


def signed_up(session, form, emails):
    ids = [a_sign_up(session, form, email=email, network=None).id for email in emails]
    return lambda own: settle.settle_all(own, ids, NOW)


def in_a_file(session, form, emails):
    session.commit()
    number = bring("".join(f"{email}\n" for email in emails))
    check(number)
    return lambda own: admission.admit(own, own.get_one(Import, number), NOW)


@pytest.mark.parametrize("several", [signed_up, in_a_file])
def test_new_people_are_written_by_the_order_of_their_hashes(session, several):
    """Or those of a set and of an import, of which each has one that the other needs, would wait for each other."""
    first, last = sorted(("ada@example.org", "ben@example.org"), key=tokens.address_hash)
    work = several(session, a_form(session), [last, first])
    session.commit()
    a_subscriber(session, email=first)
    other = meanwhile(session, work)
    a_subscriber(session, email=last)
    session.commit()
    other.result()
    assert count(session, Subscriber) == 2


def test_who_is_corrected_is_locked_after_the_mailbox_of_the_new_address(session):
    ada = a_subscriber(session, email="ada@exmaple.org")
    number = ada.id
    session.commit()
    allowance.lock_address(session, mailbox.hash_of("ada@example.org"))
    other = meanwhile(session, lambda own: by_hand.correct(own, number, "ada@example.org", "a signed paper", NOW))
    session.get_one(Subscriber, number, with_for_update={"key_share": True, "read": True, "nowait": True})
    session.commit()
    other.result()
    session.refresh(ada)
    assert ada.email == "ada@example.org"
    assert session.scalars(select(SignUp)).all() == []
