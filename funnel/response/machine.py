"""Which visits are a machine's: kept and marked, never counted as a person's, and never blocked (mail.md).

A scanner that is turned away makes the mail look bad; one that is counted makes the figures a lie.
"""

import functools
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import DateTime, Integer, bindparam, func, literal_column, select, update
from sqlalchemy.orm import Session

from funnel.models.mail import WAITING, Link, LinkKind, MessageState
from funnel.models.responses import Event, EventKind

SOONEST_PERSON = timedelta(seconds=2)  # after the relay took the mail
AT_ONCE = timedelta(seconds=2)
LINKS_AT_ONCE = 3
ROUND_CANARY = timedelta(seconds=10)
AGENTS = 1_000  # that are remembered

HEAD_ONLY = "asked for the headers only"
BY_NAME = "names itself a machine"
TOO_SOON = "within two seconds of delivery"
ALL_AT_ONCE = "several links at once"
HIDDEN_LINK = "followed the hidden link"

# Cubot is a maker of phones, whose browsers say so.
_MACHINES = re.compile(
    r"(?<!cu)bot\b|bot/|crawl|spider|scanner|scanning|preview|prefetch|facebookexternalhit|whatsapp|headless|phantomjs"
    r"|lighthouse|barracuda|proofpoint|mimecast|symantec|fireeye|trendmicro|forcepoint|cloudmark|sophos|safe ?links"
    r"|office existence discovery|urlscan|virustotal|google-safety|imageproxy|mailproxy"
    r"|^curl|^wget|^python|python-requests|python-urllib|aiohttp|^httpx|go-http-client|^java/|apache-httpclient"
    r"|libwww|^okhttp|^node|^axios|^ruby|^php",
    re.IGNORECASE,
)

# Built once: SQLAlchemy takes longer to put a statement together than PostgreSQL to run it.
_LOCK = select(func.pg_advisory_xact_lock(func.hashtext("clicks"), bindparam("message", type_=Integer)))
# Found by the mail alone. The last seconds' clicks, whosever, are to PostgreSQL a handful to choose from, and are not
# when many people click: no index takes these two conditions as they are written.
_NEAR = (
    select(Event.at, Event.link_id, Link.kind)
    .join(Link, Link.id == Event.link_id)
    .where(
        Event.message_id == bindparam("message_id"),
        literal_column("event.kind || ''") == EventKind.CLICK.value,
        literal_column("event.at + interval '0'", DateTime(timezone=True)) >= bindparam("since"),
    )
)


@dataclass(frozen=True)
class Delivery:
    """How the mail that holds the link stands."""

    state: MessageState
    sent_at: datetime | None


def reason(*, head: bool, agent: str, delivery: Delivery | None, now: datetime) -> str:
    """Why one visit by itself is a machine's; empty: it may be a person's."""
    if head:
        return HEAD_ONLY
    if _names_itself(agent):
        return BY_NAME
    if delivery and _too_soon(delivery, now):
        return TOO_SOON
    return ""


def company(session: Session, message_id: int, link_id: int, kind: LinkKind, now: datetime) -> str:
    """Why a visit is a machine's when seen beside the others of its mail; empty: it may be a person's.

    The clicks before it that belong to the same round are marked with it. Takes the mail's lock, so that a scanner's
    simultaneous visits see one another.
    """
    lock(session, message_id)
    if kind == LinkKind.CANARY:
        _mark(session, message_id, now - ROUND_CANARY, HIDDEN_LINK)
        return HIDDEN_LINK
    near = session.execute(_NEAR, {"message_id": message_id, "since": now - ROUND_CANARY}).all()
    if any(found.kind == LinkKind.CANARY for found in near):
        return HIDDEN_LINK
    at_once = {link_id} | {found.link_id for found in near if found.at >= now - AT_ONCE}
    if len(at_once) >= LINKS_AT_ONCE:
        _mark(session, message_id, now - AT_ONCE, ALL_AT_ONCE)
        return ALL_AT_ONCE
    return ""


def lock(session: Session, message_id: int) -> None:
    """Makes the visits of one mail wait for each other until the transaction ends."""
    session.execute(_LOCK, {"message": message_id % 2**31})


@functools.lru_cache(maxsize=AGENTS)
def _names_itself(agent: str) -> bool:
    # The longest look at a visit, and most come by few browsers.
    return not agent.strip() or _MACHINES.search(agent) is not None


def _too_soon(delivery: Delivery, now: datetime) -> bool:
    if delivery.sent_at is None:
        return delivery.state in WAITING  # followed while the relay was still taking it
    return now - delivery.sent_at < SOONEST_PERSON


def _mark(session: Session, message_id: int, since: datetime, why: str) -> None:
    # The key goes, so that a person who comes within the same minute still makes a row.
    session.execute(
        update(Event)
        .where(
            Event.message_id == message_id,
            Event.kind == EventKind.CLICK,
            Event.at >= since,
            Event.machine.is_(False),
        )
        .values(machine=True, reason=why, key=None)
        .execution_options(synchronize_session=False)
    )
