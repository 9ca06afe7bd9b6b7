"""The breaker: stops what keeps being refused, before it costs us our name, and no more than that.

Ten refusals in a row that are about us pause the stream; so do too many addresses that do not exist, of which none is
given up then. A domain whose servers have enough of us rests alone.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import ARRAY, BigInteger, bindparam, text
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.mail import pace, relays, rests
from funnel.mail.claimed import Claimed
from funnel.mail.lease import LEASE
from funnel.mail.replies import Meaning, Outcome
from funnel.models.mail import Queue
from funnel.models.sending import RelayTally, Rest

FIRST_PAUSE_S, LONGEST_PAUSE_S = 300.0, 3600.0
MOST_ABOUT_US = 10  # refusals in a row
MOST_OF_DOMAIN = 3  # in a row: one alone may be about one person's box
LATEST = 200  # delivered mails looked back on
BAD_SHARE = 20  # when more than one in so many had a bad address, something is wrong with us or the list

ABOUT_US = f"{MOST_ABOUT_US} refusals in a row about us: "
BAD_LIST = "more than 5 % of the last addresses do not exist, so none of them is given up. The last answer: "

DELIVERED = (Meaning.ACCEPTED, Meaning.NO_SUCH_ADDRESS)  # the address was looked at, and that is all
ON_ITS_WAY = (Meaning.ACCEPTED, Meaning.UNKNOWN)

Seen = Sequence[tuple[Claimed, Outcome]]  # in the order in which they were told

_COUNT = text(
    """
INSERT INTO relay_tally AS tally (name, first_at, day, today, delivered, bad_marks)
VALUES (:name, :now, :day, 0, :more, :places)
ON CONFLICT (name) DO UPDATE SET
    delivered = tally.delivered + :more,
    bad_marks = (ARRAY(
        SELECT mark FROM unnest(tally.bad_marks) AS mark
        UNION ALL SELECT tally.delivered + place FROM unnest(excluded.bad_marks) AS place
        ORDER BY 1 DESC LIMIT :kept
    ))
"""
).bindparams(bindparam("places", type_=ARRAY(BigInteger)))


def too_many_bad(session: Session, relay_name: str, more: int, of: int) -> bool:
    """Whether, with `more` bad addresses among the `of` mails just delivered, over 5 % of the last 200 were bad.

    Where more than 200 were just delivered, it is all of those.
    """
    tally = session.get(RelayTally, relay_name, populate_existing=True)
    looked_at = max(LATEST, of)
    if tally:
        more += sum(mark > tally.delivered + of - looked_at for mark in tally.bad_marks)
    return more > looked_at // BAD_SHARE


def seen(session: Session, queue: Queue, outcomes: Seen, now: datetime) -> bool:
    """Counts what became of mails, and lets rest what must. Returns whether `queue` is paused, by this or already.

    The last thing in its transaction, since all workers write to the same row here.
    """
    known = rests.known(session, now)
    paused = rests.paused((row for row in known.values() if _holds(row, now)), queue) is not None
    if not outcomes:
        return paused
    all_taken = [outcome.meaning for _, outcome in outcomes].count(Meaning.ACCEPTED) == len(outcomes)
    # As they mostly are: then the last one says of the stream what all of them do.
    paused |= _judge_stream(session, rests.STREAM + queue, outcomes[-1:] if all_taken else outcomes, known, now)
    if not all_taken or any(name.startswith(rests.DOMAIN) for name in known):
        _judge_domains(session, outcomes, known, now)
    names = {outcome.relay for _, outcome in outcomes}
    for name in sorted(names - {""}):  # in one order, or two may wait for each other
        given = outcomes if len(names) == 1 else [one for one in outcomes if one[1].relay == name]
        _count(session, name, given, now)
        if rests.RELAY + name in known and any(outcome.meaning is Meaning.ACCEPTED for _, outcome in given):
            relays.works(session, name, now)
    return paused


def _judge_stream(session: Session, name: str, outcomes: Seen, known: dict[str, Rest], now: datetime) -> bool:
    row = known.get(name)
    if row and _holds(row, now):
        return True  # what was on its way as it began says nothing new
    why, in_a_row = "", row.in_a_row if row else 0
    for _, outcome in outcomes:
        if outcome.meaning in DELIVERED:
            in_a_row = 0
        elif outcome.meaning == Meaning.TOO_MANY_BAD:
            why = why or BAD_LIST + outcome.reply
        elif outcome.meaning == Meaning.ABOUT_US:
            in_a_row += 1
            why = ABOUT_US + outcome.reply if in_a_row >= MOST_ABOUT_US else why
    _note(session, name, in_a_row, why, row, now)
    return bool(why)


def _judge_domains(session: Session, outcomes: Seen, known: dict[str, Rest], now: datetime) -> None:
    in_a_row: dict[str, int] = {}
    reasons: dict[str, str] = {}
    for claimed, outcome in outcomes:
        name = rests.DOMAIN + (claimed.email or claimed.to_address or "").rpartition("@")[2]
        if outcome.throttled:
            in_a_row[name] = in_a_row.get(name, known[name].in_a_row if name in known else 0) + 1
            if in_a_row[name] >= MOST_OF_DOMAIN:
                reasons[name] = outcome.reply
        elif outcome.meaning is Meaning.ACCEPTED and (name in known or name in in_a_row):
            in_a_row[name] = 0
    for name in sorted(in_a_row):
        row = known.get(name)
        if name != rests.DOMAIN and not (row and _holds(row, now)):
            _note(session, name, in_a_row[name], reasons.get(name, ""), row, now)


def _note(session: Session, name: str, in_a_row: int, why: str, row: Rest | None, now: datetime) -> None:
    if why:
        rests.begin(session, name, why, now, FIRST_PAUSE_S, LONGEST_PAUSE_S)
    elif in_a_row != (row.in_a_row if row else 0):
        rests.count(session, name, in_a_row, now)


def _holds(row: Rest, now: datetime) -> bool:
    return row.until is None or row.until > now


def _count(session: Session, name: str, outcomes: Seen, now: datetime) -> None:
    delivered = 0
    places = []  # of the bad ones among them
    for _, outcome in outcomes:
        delivered += outcome.meaning in DELIVERED
        if outcome.meaning is Meaning.NO_SUCH_ADDRESS:
            places.append(delivered)
    relay = next((relay for relay in settings().relays if relay.name == name), None)
    untaken = sum([outcome.meaning not in ON_ITS_WAY for _, outcome in outcomes])
    if relay and untaken:
        pace.give_back(session, relay, untaken, outcomes[0][0].lease_until - LEASE)
    if delivered:
        counted = {"name": name, "more": delivered, "places": places, "kept": LATEST // BAD_SHARE + 1}
        session.execute(_COUNT, counted | {"now": now, "day": now.astimezone(UTC).date()})
