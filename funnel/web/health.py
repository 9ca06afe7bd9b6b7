"""/health: this process answers. /ready: it can do its work, and what is worth knowing."""

import logging
from collections.abc import Callable

import redis
from flask import Blueprint, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.insight import refused, resting, turned_away
from funnel.insight.resting import Resting
from funnel.mail import guard
from funnel.programme import clock

BROKER_TIMEOUT_S = 1.0
MOST_DOMAINS = 5  # named one by one

blueprint = Blueprint("health", __name__)
log = logging.getLogger(__name__)


@blueprint.get("/health")
def health() -> Response:
    return jsonify(status="ok")


@blueprint.get("/ready")
def ready() -> tuple[Response, int]:
    checks = {name: _state(check) for name, check in CHECKS.items()}
    well = all(state == "ok" for state in checks.values())
    return jsonify(status="ok" if well else "failing", checks=checks, notices=_notices()), 200 if well else 503


def _notices() -> list[str]:
    notices = [f"rehearsal: a day lasts {settings().day_seconds:g} seconds"] if settings().rehearsal else []
    try:
        with Session.begin() as session:
            guard.check(session, 0, utc_now())  # a machine that only serves pages tells its withdrawals too
            count = refused.many_from_a_network(session, utc_now())
            held = turned_away.rush(session, utc_now())
            notices += _resting(resting.resting(session, utc_now()))
    except (SQLAlchemyError, OSError) as error:  # the checks say so of the database
        log.warning("the notices of /ready are incomplete: %s", type(error).__name__)
        return notices
    if held:
        notices.append(f"more sign-ups than the limits let out a minute: {held.waiting} confirmations wait their turn")
    if count:
        notices.append(f"{count} sign-ups of the last hour refused by the network limit: is TRUSTED_PROXIES right?")
    return notices


def _resting(found: list[Resting]) -> list[str]:
    domains = [one for one in found if one.is_domain]
    named = [one for one in found if not one.is_domain] + domains[:MOST_DOMAINS]
    more = len(domains) - MOST_DOMAINS
    return [one.said for one in named] + ([f"Mails to {more} more domains wait"] if more > 0 else [])


def _state(check: Callable[[], str]) -> str:
    try:
        return check()
    except (SQLAlchemyError, redis.RedisError) as error:
        log.warning("a readiness check failed: %s", type(error).__name__)
        return "away"


def _database() -> str:
    with Session.begin() as session:
        session.execute(text("SELECT 1"))
    return "ok"


def _broker() -> str:
    with redis.Redis.from_url(
        settings().redis_url, socket_timeout=BROKER_TIMEOUT_S, socket_connect_timeout=BROKER_TIMEOUT_S
    ) as client:
        client.ping()
    return "ok"


def _clock() -> str:
    with Session.begin() as session:
        return "ok" if clock.runs(session, utc_now()) else "stopped"


CHECKS = {"database": _database, "broker": _broker, "clock": _clock}
