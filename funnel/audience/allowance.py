"""How much one address and one network may ask for, and how fast confirmations leave.

All of it is counted in the database, under locks, because Redis may be away and two workers may count at once.
(Spamhaus: nine addresses were once sent 81,000 confirmation mails by other people's forms.)
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from funnel.audience import ledger, visit
from funnel.config import settings
from funnel.models.door import Proof
from funnel.models.people import SignUp

# The mails that a filled-in form leads to; every one of them counts for its address, as all in the ledger do.
CONFIRMATION, REMINDER, ALREADY_IN = "confirmation", "reminder", "already_in"
HANDOUT_TOO, ANOTHER_COURSE = "handout_too", "another_course"  # to who is in already, as the third of those
NEW_ADDRESS = "new_address"
TOLD = (ALREADY_IN, HANDOUT_TOO)
TO_WHO_IS_IN = (*TOLD, ANOTHER_COURSE)
OF_SIGN_UPS = (CONFIRMATION, REMINDER, *TO_WHO_IS_IN)
RESTED_AFTER = (*OF_SIGN_UPS, NEW_ADDRESS)  # whoever books may sign up a moment later

MINUTE, DAY, MONTH = timedelta(minutes=1), timedelta(days=1), timedelta(days=30)
REST = timedelta(minutes=10)  # after each mail of RESTED_AFTER
HOUR = timedelta(hours=1)

_LOCK_MARKS = text("SELECT pg_advisory_xact_lock(mark) FROM unnest(CAST(:marks AS bigint[])) AS mark")
_LOCK_NAMES = text("""
SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(CAST(:names AS text[])) AS name
""")
# The newest first and no more than matter: so the index by time serves, also before PostgreSQL knows what is settled.
_LET_THROUGH = text("""
SELECT name, counted.* FROM unnest(CAST(:networks AS text[])) AS name CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE created_at > :hour), count(*) FROM (
        SELECT created_at FROM sign_up WHERE state = 'settled' AND network = name AND created_at > :day
        ORDER BY created_at DESC LIMIT :most
    ) AS newest
) AS counted
UNION ALL
SELECT name, counted.* FROM unnest(CAST(:wides AS text[])) AS name CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE created_at > :hour), count(*) FROM (
        SELECT created_at FROM sign_up WHERE state = 'settled' AND wide = name AND created_at > :day
        ORDER BY created_at DESC LIMIT :most
    ) AS newest
) AS counted
""")


@dataclass(frozen=True)
class Mailed:
    """What strangers may have caused for one mailbox within a month: (template, when it was or will be due)."""

    mails: tuple[tuple[str, datetime], ...]
    now: datetime

    def rests(self) -> bool:
        """It was asked for a confirmation, or told, within ten minutes."""
        return any(template in RESTED_AFTER and due_at > self.now - REST for template, due_at in self.mails)

    def has_had_enough(self) -> bool:
        """There were as many within a day or a month as one address may get."""
        most = settings().limits
        today = sum(due_at > self.now - DAY for _, due_at in self.mails)
        return today >= most.address_day or len(self.mails) >= most.address_month

    def and_one(self, template: str) -> "Mailed":
        """With one that leaves from now on."""
        return Mailed((*self.mails, (template, self.now)), self.now)

    def was_told_today(self) -> bool:
        """The address was told within a day that it is already in."""
        return any(self.had(template, DAY) for template in TOLD)

    def had(self, template: str, within: timedelta) -> bool:
        return any(one == template and due_at > self.now - within for one, due_at in self.mails)


def lock_address(session: Session, mailbox_hash: bytes) -> None:
    """Makes every other worker wait that counts for the addresses of this mailbox, until this transaction ends."""
    lock_addresses(session, [mailbox_hash])


def lock_addresses(session: Session, mailboxes: Collection[bytes]) -> None:
    """Makes every other worker wait that counts for one of these mailboxes, until this transaction ends.

    In the one order of all who lock more than one, so that no two wait for each other.
    """
    marks = [int.from_bytes(mailbox[:8], "big", signed=True) for mailbox in sorted(mailboxes)]
    session.execute(_LOCK_MARKS, {"marks": marks})


def lock_networks(session: Session, networks: Collection[str], wides: Collection[str]) -> None:
    """Makes every other worker wait that counts for one of these networks, or of these wider ones.

    Always asked for after the addresses, and in one order, so that no two wait for each other.
    """
    session.execute(_LOCK_NAMES, {"names": [f"network {name}" for name in (*sorted(networks), *sorted(wides))]})


def mailed_each(session: Session, mailboxes: Collection[bytes], now: datetime) -> dict[bytes, Mailed]:
    """What the addresses of each of these mailboxes were sent, as `mailed` tells it. Exact only under their locks."""
    found = ledger.since(session, mailboxes, now - MONTH)
    return {mailbox: Mailed(tuple(found.get(mailbox, ())), now) for mailbox in mailboxes}


def mailed(session: Session, mailbox_hash: bytes, now: datetime) -> Mailed:
    """What the addresses of this mailbox were sent because somebody asked. Exact only under `lock_address`."""
    return mailed_each(session, [mailbox_hash], now)[mailbox_hash]


def is_limited(network: str) -> bool:
    """Whether sign-ups of this network are limited: all but those made on this machine while the service is only here.

    Then its owner tries it out, and every reader they play is one network.
    """
    return not (settings().local and visit.is_this_machine(network))


def let_through(
    session: Session, networks: Collection[str], wides: Collection[str], now: datetime
) -> dict[str, list[int]]:
    """How many sign-ups of each of these, wider ones too, were let through within an hour and within a day.

    Counted as far as any limit goes; exact under `lock_networks`.
    """
    asked = {"networks": list(networks), "wides": list(wides), "hour": now - HOUR, "day": now - DAY}
    limits = settings().limits
    most = max(limits.network_hour, limits.network_day, *limits.wide)
    return {row[0]: [row[1], row[2]] for row in session.execute(_LET_THROUGH, {**asked, "most": most})}


def of_network(sign_up: SignUp) -> tuple[int, int]:
    """How many may be let through of its network. Fewer where this one looks risky and solved no puzzle."""
    limits = settings().limits
    return limits.tap if sign_up.proof is Proof.TAP else (limits.network_hour, limits.network_day)


def of_surroundings() -> tuple[int, int]:
    """How many may be let through of a wider network, within an hour and within a day."""
    return settings().limits.wide
