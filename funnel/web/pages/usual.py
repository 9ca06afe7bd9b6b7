"""The usual sign-up, taken the short way: nothing is wrong in it or to be asked about it, and it does not look risky.

Those that come at the same moment share their transaction. Whatever is not usual is left to the page, which asks again.
"""

import logging
import re
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qsl, urlencode

from flask import Response
from werkzeug.datastructures import MultiDict
from werkzeug.utils import redirect

from funnel.audience import arrivals, resending, signup, typo
from funnel.audience.arrivals import Arrival, Taken
from funnel.audience.visit import Visit, network_of
from funnel.db import Session, is_away, utc_now
from funnel.programme import thanks
from funnel.tokens import Purpose
from funnel.web import edge, guard
from funnel.web.gathering import Together
from funnel.web.guard import Answer
from funnel.web.nudge import call
from funnel.web.pages import fields, place, step, trap
from funnel.web.pages.trap import Verdict
from tasks.sign_ups import settle_new

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PATH = re.compile(r"/f/(?P<slug>[A-Za-z0-9_-]+)(?P<framed>/embed)?")
ENCODED = "application/x-www-form-urlencoded"
LIGHT = f"scheme={place.LIGHT}"
LONGEST = 8_192  # bytes: a usual one has a twentieth
UNQUOTED = "!$'()*,/:;?@"  # as Werkzeug writes an address

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Post:
    """A sign-up as it was sent."""

    slug: str
    framed: bool
    light: bool  # as place.is_light
    posted: MultiDict[str, str]
    visit: Visit


def answer(environ: "WSGIEnvironment") -> Answer | None:
    """Signs up whoever sent this, when theirs is a usual sign-up, and leads on; committed, and the workers are told."""
    post, now = _read(environ), utc_now()
    arrival = _arrival(post, now) if post else None
    taken = _together.of(arrival) if arrival else None
    if not post or not arrival or not taken:
        return None
    onward = thanks.origin(taken.form.thanks_url)
    target = taken.form.thanks_url if onward and not post.framed else _thanks(post, arrival, taken, now)
    found = cast(Response, redirect(target, HTTPStatus.SEE_OTHER, Response))
    if post.framed:
        place.let_frame(found.headers, guard.policy(onward))
    guard.add(found.headers, guard.policy(onward), https=environ["wsgi.url_scheme"] == "https")
    return guard.whole(found)


def _read(environ: "WSGIEnvironment") -> Post | None:
    """What was sent, still to be read by others."""
    found = PATH.fullmatch(environ.get("PATH_INFO", ""))
    query, length = environ.get("QUERY_STRING", ""), environ.get("CONTENT_LENGTH") or ""
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if not found or environ["REQUEST_METHOD"] != "POST" or environ.get("SCRIPT_NAME") or kind != ENCODED:
        return None
    framed = bool(found["framed"])
    if query not in {"", LIGHT if framed else ""} or not length.isdecimal() or int(length) > LONGEST:
        return None
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)
    try:
        posted = MultiDict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except ValueError:  # no UTF-8
        return None
    network = network_of(environ.get("REMOTE_ADDR", ""))
    return Post(
        found["slug"], framed, bool(query), posted, Visit(network, edge.agent(environ.get("HTTP_USER_AGENT", "")))
    )


def _arrival(post: Post, now: datetime) -> Arrival | None:
    posted = post.posted
    about, seconds = trap.shown(Purpose.FORM, posted.get(trap.FIELD, ""), now=now)
    typed = fields.usual(posted)
    if not about or not typed or trap.judged(posted, seconds) is not Verdict.PERSON:
        return None
    if "answer" in posted or typo.suggestion(typed.email):
        return None
    source, utm = signup.clean_source(posted.get("src", "")), signup.clean_utm(posted)
    facts = step.facts(typed, post.visit, seconds, now)
    return Arrival(post.slug, about[0], typed, source, utm, post.visit, facts, now)


def _thanks(post: Post, arrival: Arrival, taken: Taken, now: datetime) -> str:
    """The address of our own page of thanks, as `place.address` makes it."""
    said = {"t": resending.ticket(taken.form.id, taken.sign_up_id, now)}
    said |= {"src": arrival.source} if arrival.source else {}
    said |= arrival.utm | ({"scheme": place.LIGHT} if post.light else {})
    return f"/f/{post.slug}{'/embed' if post.framed else ''}/sent?{urlencode(said, safe=UNQUOTED)}"


def _take(asked: list[Arrival]) -> list[Taken | None]:
    try:
        with Session.begin() as session:
            found = arrivals.take(session, asked)
    except Exception as error:
        if is_away(error):
            log.error("the database is away: %s", type(error).__name__)  # the page says so to each of them
        else:
            log.exception("%d sign-ups could not be taken together, and are taken one by one", len(asked))
        return [None] * len(asked)
    log.info("signed up together: %d of %d", sum(one is not None for one in found), len(found))
    return found


def _tell(found: list[Taken | None]) -> None:
    if any(found):
        call(settle_new)


_together = Together(_take, _tell)
