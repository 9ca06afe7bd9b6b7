"""What every page shares: blueprints, security headers, the request's id, who visits, error pages."""

import functools
import hashlib
import importlib
import logging
import secrets
import time
from pathlib import Path

from flask import Flask, Response, g, render_template, request
from sqlalchemy.exc import DataError, OperationalError
from werkzeug.exceptions import HTTPException

from funnel import logs
from funnel.audience.visit import Visit, network_of
from funnel.config import settings
from funnel.languages import Said
from funnel.web import guard, packed, spoken
from funnel.web.upload import Request

BLUEPRINTS = (
    "health",
    "links",
    "pages.posts",
    "pages.forms",
    "pages.colours",
    "pages.covers",
    "pages.embed",
    "pages.confirm",
    "pages.handout",
    "pages.preferences",
    "pages.my_data",
    "pages.new_address",
    "pages.book",
    "pages.booked",
    "pages.privacy",
    "pages.archive",
    "pages.outbox",
    "owner.signin",
    "owner.entry",
    "owner.prove",
    "owner.account",
    "owner.codes",
    "owner.team",
    "owner.wording",
    "owner.relays",
    "owner.settings",
    "owner.audit",
    "owner.home",
    "owner.behind",
    "owner.lately",
    "owner.door",
    "owner.people",
    "owner.imports",
    "owner.import_lines",
    "owner.export",
    "owner.by_hand",
    "owner.bulk",
    "owner.tags",
    "owner.segments",
    "owner.steering",
    "owner.endings",
    "owner.corrections",
    "owner.merging",
    "owner.evidence",
    "owner.bookings",
    "owner.mails",
    "owner.editor",
    "owner.drafts",
    "owner.revisions",
    "owner.arranging",
    "owner.courses",
    "owner.newsletters",
    "owner.notes",
    "owner.rhythms",
    "owner.topics",
    "owner.orders",
    "owner.progress",
    "owner.forgotten",
    "owner.resends",
    "owner.entrances",
    "owner.own_posts",
    "owner.own_covers",
    "owner.own_forms",
    "owner.handouts",
    "owner.own_embeds",
    "owner.messages",
    "owner.unknown",
    "owner.wishes",
    "owner.letters",
    "owner.preview",
    "owner.trials",
    "owner.translations",
    "owner.figures",
    "owner.calendar",
    "owner.results",
    "owner.in_archive",
)
LONGEST_AGENT = 200
STATIC = Path(__file__).parent.parent / "static"
QUIET = {"/health", "/ready", "/static/<path:filename>"}  # asked too often to be worth a line
WORDS = {
    400: (Said("That did not reach us whole"), Said("Please go back and try again.")),
    403: (Said("This page is not for everyone"), Said("You may need to sign in first.")),
    404: (
        Said("There is no such page"),
        Said("The address may have been cut in two. Please check it, or start from the beginning."),
    ),
    405: (Said("That does not work here"), Said("Please go back and use the button on the page.")),
    413: (Said("That is too much at once"), Said("Please send less text.")),
    429: (Said("That was a little fast"), Said("Please wait a minute and try again.")),
    500: (Said("Something went wrong on our side"), Said("It has been noted. Please try again in a minute.")),
    503: (Said("We cannot do this just now"), Said("Nothing is lost. Please try again in a minute.")),
}

log = logging.getLogger(__name__)


def attach(app: Flask) -> None:
    """Gives `app` its pages, headers and error pages."""
    app.request_class = Request
    spoken.attach(app)
    for name in BLUEPRINTS:
        app.register_blueprint(importlib.import_module(f"funnel.web.{name}").blueprint)
    app.before_request(_name_request)
    app.after_request(packed.pack)
    app.after_request(_add_headers)
    app.after_request(_tell)
    app.context_processor(_everywhere)
    app.url_defaults(_name_version)
    app.register_error_handler(HTTPException, _say_http_error)
    app.register_error_handler(OperationalError, _say_database_away)
    app.register_error_handler(DataError, _say_odd_input)
    app.register_error_handler(Exception, _say_our_fault)


def policy() -> str:
    """The security policy of this request's page. A form may be led on to where `leads_to` said it may."""
    return guard.policy(g.get("leads_to", ""))


def visit() -> Visit:
    """Who makes this request, as far as we keep it."""
    return Visit(network_of(request.remote_addr or ""), agent(request.headers.get("User-Agent", "")))


def agent(said: str) -> str:
    """The browser's name, as far as we keep it."""
    kept = said[:LONGEST_AGENT]
    # The database takes no NUL, and an owner's page no other control.
    return kept if kept.isprintable() else "".join(sign for sign in kept if sign.isprintable())


def name() -> str:
    """A name for the request that begins; what is logged from here on bears it."""
    made = secrets.token_hex(6)
    logs.ref.set(made)
    return made


def _name_request() -> None:
    g.request_id = name()
    g.began = time.perf_counter()


def _everywhere() -> dict[str, object]:
    return {"settings": settings()}


@functools.cache
def version(filename: str) -> str:
    """What a file of ours holds, as a short word: another one whenever it changes."""
    return hashlib.sha256((STATIC / filename).read_bytes()).hexdigest()[:10]


def _name_version(endpoint: str, values: dict[str, object]) -> None:
    """A file of ours is asked for by what it holds, so that a browser may keep it for good."""
    if endpoint == "static":
        values.setdefault("v", version(str(values["filename"])))


def _add_headers(response: Response) -> Response:
    headers = response.headers
    if request.endpoint == "static" and "v" in request.args:
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
    guard.add(headers, policy(), https=request.is_secure)
    headers.set(guard.NAME, g.get("request_id", "-"))
    return response


def _tell(response: Response) -> Response:
    """One line a request: the rule and not the path, since a path may hold a token."""
    rule = request.url_rule.rule if request.url_rule else "no such page"
    if rule not in QUIET:
        took = (time.perf_counter() - g.get("began", time.perf_counter())) * 1000
        log.info("%s %s %d in %.0f ms", request.method, rule, response.status_code, took)
    return response


def _say_http_error(error: HTTPException) -> tuple[str, int] | HTTPException:
    if error.code is None or error.code < 400:  # a redirect that werkzeug raised
        return error
    return _page(error.code)


def _say_database_away(error: OperationalError) -> tuple[str, int]:
    log.error("the database is away: %s", type(error.orig).__name__)
    return _page(503)


def _say_odd_input(error: DataError) -> tuple[str, int]:
    """A number or sign that the database does not take: what was asked for was not made by a page of ours."""
    log.warning("odd input: %s", type(error.orig).__name__)
    return _page(400)


def _say_our_fault(error: Exception) -> tuple[str, int]:
    log.exception("a page failed: %s", type(error).__name__)
    return _page(500)


def _page(code: int) -> tuple[str, int]:
    title, words = WORDS.get(code, WORDS[400 if code < 500 else 500])
    told = {"title": spoken.said(title), "words": spoken.said(words)}
    return render_template("pages/error.html", **told, code=code, request_id=g.get("request_id")), code
