"""The ledger: outcomes written on the messages they are of, in sets: a few statements whatever their number.

Whoever writes here has taken the mails out of their claim before (lease.give_up): what was not in it any more, somebody
else has settled, and only `correct` may touch it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from funnel.mail.claimed import SEPARATOR, Claimed
from funnel.mail.replies import Outcome
from funnel.models.mail import MessageState

_WRITE = """
UPDATE message SET
    state = after.state,
    reason = coalesce(after.reason, ''),  -- string_to_array makes no member at all of an empty text
    reply = coalesce(after.reply, ''),
    relay = coalesce(after.relay, ''),
    attempts = after.attempts,
    due_at = coalesce(after.due_at, message.due_at),
    sent_at = CASE WHEN after.state = 'sent' THEN :now END,
    ended_at = CASE WHEN after.state IN ('sent', 'failed', 'unknown') THEN :now END,
    troubled_at = CASE WHEN after.state IN ('failed', 'unknown') THEN :now END,
    to_address = CASE WHEN after.state IN ('sent', 'failed', 'unknown') THEN NULL ELSE message.to_address END,
    claim_id = CASE WHEN after.state = 'unknown' THEN :claim END
FROM unnest(
    CAST(string_to_array(:ids, chr(31)) AS bigint[]), string_to_array(:states, chr(31)),
    string_to_array(:reasons, chr(31)), string_to_array(:replies, chr(31)), string_to_array(:relays, chr(31)),
    CAST(string_to_array(:tries, chr(31)) AS bigint[]), CAST(string_to_array(:times, chr(31), '') AS timestamptz[])
) AS after (id, state, reason, reply, relay, attempts, due_at)
WHERE message.id = after.id AND {held} RETURNING message.id
"""
# A thousand rows are looked up one by one; planned for what it takes to be all of a small table, it reads the whole.
_ROW_BY_ROW = text("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off")
# What nearly all of them are: nothing but the answer is told of each. Those of newsletters are counted (Progress).
_TAKEN = text(
    """
WITH taken AS (
UPDATE message SET
    state = 'sent', reason = '', reply = coalesce(after.reply, ''), relay = :relay, attempts = after.attempts,
    sent_at = :now, ended_at = :now, troubled_at = NULL, to_address = NULL, claim_id = NULL
FROM unnest(
    CAST(string_to_array(:ids, chr(31)) AS bigint[]), string_to_array(:replies, chr(31)),
    CAST(string_to_array(:tries, chr(31)) AS bigint[])
) AS after (id, reply, attempts)
WHERE message.id = after.id AND message.state IN ('queued', 'deferred')
RETURNING CASE WHEN kind = 'newsletter' THEN newsletter_id END AS newsletter_id
)
INSERT INTO progress (newsletter_id, state, mails, at)
SELECT newsletter_id, 'sent', count(*), :now FROM taken WHERE newsletter_id IS NOT NULL GROUP BY newsletter_id
"""
)
_OURS = text(_WRITE.format(held="message.state IN ('queued', 'deferred')"))
# A mail to somebody we do not keep lost its address when it became unknown, and cannot wait again.
_CORRECTED = text(
    _WRITE.format(
        held="message.state = 'unknown' AND message.claim_id = :claim AND (after.state IN ('sent', 'failed')"
        " OR (after.state <> 'unknown' AND coalesce(message.subscriber_id, message.sign_up_id) IS NOT NULL))"
    )
)


class Result(NamedTuple):
    """What became of one try at one claimed mail."""

    claimed: Claimed
    outcome: Outcome


class Change(NamedTuple):
    """What is written on its message. `due_at` None: as it was."""

    state: MessageState
    reason: str
    attempts: int
    due_at: datetime | None = None


Line: TypeAlias = tuple[Result, Change]


def look_up_row_by_row(session: Session) -> None:
    """For the rest of this transaction."""
    session.execute(_ROW_BY_ROW)


def write_taken(session: Session, results: Sequence[Result], now: datetime) -> None:
    """Writes down mails that were taken."""
    for relay in {result.outcome.relay for result in results}:
        mine = [result for result in results if result.outcome.relay == relay]
        told = {
            "ids": SEPARATOR.join([str(result.claimed.id) for result in mine]),
            "replies": _column(result.outcome.reply for result in mine),
            "tries": SEPARATOR.join([str(result.claimed.attempts) for result in mine]),
        }
        session.execute(_TAKEN, told | {"relay": relay, "now": now})


def write(session: Session, claim_id: int, lines: Sequence[Line], now: datetime) -> set[int]:
    """Writes down whatever became of any others. Returns the ids of those that were written."""
    return _write(session, _OURS, claim_id, lines, now)


def correct(session: Session, claim_id: int, lines: Sequence[Line], now: datetime) -> set[int]:
    """The same of mails that were taken from us meanwhile: only of those that are unknown, as of this claim."""
    return _write(session, _CORRECTED, claim_id, lines, now)


def _write(session: Session, statement: TextClause, claim_id: int, lines: Sequence[Line], now: datetime) -> set[int]:
    if not lines:
        return set()
    values = {
        "now": now,
        "claim": claim_id,
        "ids": _column(str(result.claimed.id) for result, _ in lines),
        "states": _column(change.state for _, change in lines),
        "reasons": _column(change.reason for _, change in lines),
        "replies": _column(result.outcome.reply for result, _ in lines),
        "relays": _column(result.outcome.relay for result, _ in lines),
        "tries": _column(str(change.attempts) for _, change in lines),
        "times": _column(change.due_at.isoformat() if change.due_at else "" for _, change in lines),
    }
    return set(session.scalars(statement, values))


def _column(words: Iterable[str]) -> str:
    """One column of many rows as a single text: the driver would take ten times as long over an array's members."""
    return SEPARATOR.join([word.replace(SEPARATOR, " ") for word in words])
