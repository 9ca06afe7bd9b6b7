"""Nine victims, a botnet of a hundred networks, and readers in between: each victim is spared, each reader gets in."""

import itertools
from datetime import timedelta

from sqlalchemy import func, select

from funnel.audience import mailbox
from funnel.models.mail import Message
from funnel.models.people import SignUp, SignUpState
from tests.audience_cast import signs_up
from tests.conftest import NOW
from tests.factories import a_form

VICTIMS = [f"victim{n}@gmail.com" for n in range(9)]
SPELLINGS = ("{0}@{1}", "{0}+tips@{1}", "v.{2}@{1}", "{0}@googlemail.com", "{0}+{3}@{1}")
ROUNDS, EVERY = 8, timedelta(hours=16)


def spelled(victim, number):
    local, _, domain = victim.partition("@")
    return SPELLINGS[number % len(SPELLINGS)].format(local, domain, local[1:], number)


def test_no_victim_gets_more_than_five_mails_a_month_and_every_reader_gets_theirs(session):
    form, numbers = a_form(session), itertools.count()
    readers = []
    for round_ in range(ROUNDS):
        now = NOW + round_ * EVERY
        for victim in VICTIMS:
            number = next(numbers)
            signs_up(session, form, spelled(victim, number), now, network=f"198.51.{number % 100}.{number % 7}")
        # One of them lives beside the botnet.
        readers.append(signs_up(session, form, f"reader-{round_}@example.org", now, network=f"198.51.1.{100 + round_}"))
    mails = session.execute(
        select(func.coalesce(SignUp.mailbox_hash, SignUp.address_hash), func.count())
        .join(Message, Message.sign_up_id == SignUp.id)
        .where(SignUp.id.not_in([row.id for row in readers]))
        .group_by(func.coalesce(SignUp.mailbox_hash, SignUp.address_hash))
    ).all()
    assert {mark for mark, _ in mails} == {mailbox.hash_of(victim) for victim in VICTIMS}
    assert max(count for _, count in mails) <= 5
    assert [row.state for row in readers] == [SignUpState.SETTLED] * ROUNDS
