"""The settings that the owner's pages keep: laid under the environment, which wins, and seen by every process.

A process looks at the table every few seconds and keeps what it found: a setting costs a mail nothing, and a change
needs no restart. With the database away, what was known last stays in force.
"""

import json
import logging
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session as OrmSession

from funnel import tokens
from funnel.config import Settings, SettingsError, bare, load_over
from funnel.db import Session, after_commit
from funnel.models.house import Setting

LOOKED_AT_EVERY_S = 3.0
RELAYS = "SMTP_URL"  # kept sealed, since passwords stand in it
WORDS = "words:"  # begins the names of texts, which are no settings of the environment

log = logging.getLogger(__name__)


class _Known:
    """What this process knows, and when it looks again."""

    look_at = 0.0
    rows: dict[str, Any] = {}
    of: Settings | None = None  # the environment's, over which `settings` was made
    settings: Settings | None = None
    looking = threading.Lock()


def current() -> Settings:
    """The settings in force. Raises SettingsError when the environment's own are refused."""
    if time.monotonic() >= _Known.look_at or _Known.of is not bare():
        _look()
    return _Known.settings or bare()


def text(name: str) -> dict[str, str] | None:
    """The words kept under `name`, or None for the original ones."""
    current()
    found: dict[str, str] | None = _Known.rows.get(f"{WORDS}{name}")
    return found


def forget() -> None:
    """Has this process look again at once."""
    _Known.look_at = 0.0


def rows(session: OrmSession) -> dict[str, Any]:
    """Everything that is kept, by name."""
    return {row.name: row.value for row in session.scalars(select(Setting))}


def held(session: OrmSession) -> dict[str, Any]:
    """The same, as it stays until this transaction ends: for whoever compares before they keep."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("settings", 0))))
    return rows(session)


def keep(session: OrmSession, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Keeps `values`; None takes one out, and what stands without it is in force. Returns what was kept before.

    Others who keep something wait until this transaction ends.
    """
    known = held(session)
    for name, value in values.items():
        if value is None:
            session.query(Setting).where(Setting.name == name).delete()
        else:
            row = {"value": value, "changed_at": now}
            made = insert(Setting).values(name=name, **row)
            session.execute(made.on_conflict_do_update(index_elements=["name"], set_=row))
    after_commit(session, lambda _: forget(), None)
    return {name: known.get(name) for name in values}


def problems(kept: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with `changes` to what is kept, by variable, in the words of the check at start."""
    try:
        load_over(variables({**kept, **changes}))
    except SettingsError as error:
        found = [problem.partition(": ") for problem in error.problems]
        return {name: words for name, _, words in found}
    return {}


def variables(kept: Mapping[str, Any]) -> dict[str, str]:
    """What is kept, as variables say it."""
    found = {name: str(value) for name, value in kept.items() if isinstance(value, str)}
    if urls := relay_urls(kept.get(RELAYS)):
        found[RELAYS] = " ".join(urls)
    return found


def in_force(kept: Mapping[str, Any]) -> Settings:
    """The settings with `kept` laid under the environment's; those alone where `kept` is refused by this version."""
    try:
        return load_over(variables(kept)) if kept else bare()
    except SettingsError as error:
        log.error("the kept settings are refused, and the environment's alone are in force: %s", error)
        return bare()


def relay_urls(value: Any) -> list[str]:
    """The relays' addresses, opened. What cannot be opened is left out, and said."""
    found = []
    for sealed in (value or {}).get("sealed", ()):
        try:
            found.append(tokens.unseal(sealed.encode()))
        except tokens.BadToken:
            log.error("a relay kept in the database cannot be read: it was sealed by another key")
    return found


def sealed(urls: list[str]) -> dict[str, list[str]] | None:
    """Relays' addresses as they are kept; None for none."""
    return {"sealed": [tokens.seal(url).decode() for url in urls]} if urls else None


def mark(kept: Mapping[str, Any], names: list[str]) -> str:
    """What these settings are now, as a short word: another one once anybody changes one of them."""
    said = json.dumps([kept.get(name) for name in names], sort_keys=True)
    return blake2b(said.encode(), digest_size=8).hexdigest()


def _look() -> None:
    if not _Known.looking.acquire(blocking=_Known.settings is None):
        return  # another thread looks just now
    try:
        given = bare()
        found = _read() if given.database_url else {}
        if found != _Known.rows or given is not _Known.of:
            _Known.settings = in_force(found)
            _Known.rows, _Known.of = found, given
        _Known.look_at = time.monotonic() + LOOKED_AT_EVERY_S
    finally:
        _Known.looking.release()


def _read() -> dict[str, Any]:
    try:
        with Session.begin() as session:
            return rows(session)
    except SQLAlchemyError as error:  # away, or older than this table
        log.warning("the kept settings cannot be read: %s", type(error).__name__)
        return _Known.rows
