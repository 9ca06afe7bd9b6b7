"""The mail servers: set, tried out with every line shown, and removed. Their passwords are never shown again."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from funnel import config, limits, tokens
from funnel.db import Session, utc_now
from funnel.house import stored
from funnel.mail import smtp, trial
from funnel.relay import Relay, parse, spelled
from funnel.web.owner import gate, relay_words, settings

TRIALS = (10, 10 * 60)  # trials, seconds
NEW = "new"
ABOUT = "relays"
OPTIONS = ("rate", "day", "warmup", "share", "pool")
KNOWN_ELSEWHERE = "Type the password again: it was for another server, and is not handed to this one."
CHANGED_SINCE = "Somebody else changed the mail servers since you opened them. Nothing was removed: please look again."
TOO_MANY = "That were ten trials within ten minutes. Please wait a little."

blueprint = gate.pages("relays", __name__)


@dataclass(frozen=True)
class Typed:
    """A relay as it stands in the form. `sealed`: the password, where it was typed before, bound to its host."""

    host: str = ""
    port: str = "587"
    username: str = ""
    encryption: str = "required"
    sealed: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


@blueprint.get("/settings/relays")
def index() -> str:
    with Session.begin() as session:
        kept = stored.rows(session)
    return render_template(
        "owner/relays/index.html",
        relays=_relays(kept),
        held=bool(config.given(stored.RELAYS)),
        saved=request.args.get("saved", type=int),
    )


@blueprint.get("/settings/relays/<server>")
def show(server: str) -> str:
    with Session.begin() as session:
        kept = stored.rows(session)
    return _page(server, kept, _of(_known(server, kept)))


@blueprint.post("/settings/relays/<server>")
def save(server: str) -> str | tuple[str, int] | AnyResponse:
    """Saves what is typed; or tries it out first, which saves nothing."""
    with Session.begin() as session:
        kept = stored.rows(session)
        known = _known(server, kept)
        typed, relay, problem = _read(known)
        if relay is None:
            return _page(server, kept, typed, problem), HTTPStatus.UNPROCESSABLE_ENTITY
    if "try" in request.form or "mail" in request.form:
        return _tried(server, kept, typed, relay)
    if config.given(stored.RELAYS):
        abort(HTTPStatus.FORBIDDEN)
    with Session.begin() as session:
        kept = stored.held(session)
        if request.form.get("mark") != stored.mark(kept, [stored.RELAYS]):
            return _page(server, kept, typed, settings.MEANWHILE), HTTPStatus.CONFLICT
        urls, url = stored.relay_urls(kept.get(stored.RELAYS)), _url(typed)
        urls = [*urls, url] if server == NEW else [url if at == int(server) else old for at, old in enumerate(urls, 1)]
        if wrong := stored.problems({**kept, stored.RELAYS: stored.sealed(urls)}, {}):
            return _page(server, kept, typed, " ".join(wrong.values())), HTTPStatus.UNPROCESSABLE_ENTITY
        entry = settings.keep(session, {stored.RELAYS: stored.sealed(urls)}, ABOUT)
    return redirect(url_for(".index", saved=entry), HTTPStatus.SEE_OTHER)


@blueprint.post("/settings/relays/<server>/remove")
def remove(server: str) -> AnyResponse:
    with Session.begin() as session:
        kept = stored.held(session)
        if config.given(stored.RELAYS):
            abort(HTTPStatus.NOT_FOUND)
        if request.form.get("mark") != stored.mark(kept, [stored.RELAYS]):
            flash(CHANGED_SINCE, "warn")
            return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)
        if _known(server, kept) is None:
            abort(HTTPStatus.NOT_FOUND)
        urls = stored.relay_urls(kept.get(stored.RELAYS))
        left = [url for at, url in enumerate(urls, 1) if at != int(server)]
        entry = settings.keep(session, {stored.RELAYS: stored.sealed(left)}, ABOUT)
    flash("Removed. What is on its way to it still goes.")
    return redirect(url_for(".index", saved=entry), HTTPStatus.SEE_OTHER)


def _tried(server: str, kept: Mapping[str, Any], typed: Typed, relay: Relay) -> str | tuple[str, int]:
    who, known = gate.owner(), stored.in_force(kept)
    if not limits.allow("relay trials", str(who.id), *TRIALS):
        return _page(server, kept, typed, TOO_MANY), HTTPStatus.TOO_MANY_REQUESTS
    mailed = "mail" in request.form
    data = _test_mail(known.mail_from, who.email) if mailed else b""
    # What runs already may stand in a private network; what is typed on a public page may not.
    heard = asyncio.run(smtp.tried(relay, known.mail_from, who.email, data, None if known.local else known.relays))
    with Session.begin() as session:
        gate.note(session, "tried a mail server", utc_now(), relay=relay.name, worked=heard.worked)
    found = trial.finding(heard, relay, known.mail_from, who.email, mailed)
    return _page(server, kept, typed, heard=heard, finding=found)


def _test_mail(sender: str, recipient: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Date"] = sender, recipient, format_datetime(utc_now())
    mail["Subject"] = "[TEST] Your mail server works"
    mail.set_content("This mail came through the mail server that you just tried out in Funnel's settings.\n")
    return mail.as_bytes()


def _relays(kept: Mapping[str, Any]) -> list[Relay]:
    """Those in force, in their order: the environment's, or those kept here."""
    return [relay for relay in stored.in_force(kept).relays if not stored.in_force(kept).local_outbox]


def _known(server: str, kept: Mapping[str, Any]) -> Relay | None:
    """The relay of this number, None for a new one. Any other is not there."""
    if server == NEW:
        return None
    relays = _relays(kept)
    number = int(server) if server.isascii() and server.isdigit() and len(server) < 4 else 0
    return relays[number - 1] if 0 < number <= len(relays) else abort(HTTPStatus.NOT_FOUND)


def _of(relay: Relay | None) -> Typed:
    if relay is None:
        return Typed()
    options = {name: getattr(relay, name) for name in OPTIONS}
    return Typed(
        host=relay.host,
        port=str(relay.port),
        username=relay.username,
        encryption="tls" if relay.tls else relay.starttls,
        sealed=_sealed(relay.host, relay.password),
        options={name: f"{value:g}" for name, value in options.items() if value is not None},
    )


def _read(known: Relay | None) -> tuple[Typed, Relay | None, str]:
    """What is typed, and the relay it says; or what is wrong with it."""
    said = {name: request.form.get(name, "").strip() for name in ("host", "port", "username", "encryption")}
    password = request.form.get("password", "") or _unsealed(said["host"])
    if not password and known and known.host == said["host"] and known.username == said["username"]:
        password = known.password
    options = {name: request.form.get(name, "").strip() for name in OPTIONS}
    typed = Typed(**said, sealed=_sealed(said["host"], password), options=options)
    if said["username"] and not password:
        return typed, None, KNOWN_ELSEWHERE if known and known.password else "Please type the password too."
    if wrong := relay_words.wrong(typed.host, typed.port, typed.encryption, typed.options):
        return typed, None, wrong
    try:
        return typed, parse(_url(typed)), ""
    except ValueError as error:
        why = str(error)
        return typed, None, f"{why[0].upper()}{why[1:]}."


def _url(typed: Typed) -> str:
    password = _opened(typed.sealed, typed.host)
    return spelled(typed.host, typed.port, typed.username, password, typed.encryption, dict(typed.options))


def _sealed(host: str, password: str) -> str:
    """The password as the page carries it: nobody reads it there, and it is good for this host alone."""
    return tokens.seal(f"{host}\n{password}").decode() if password else ""


def _unsealed(host: str) -> str:
    return _opened(request.form.get("sealed", ""), host)


def _opened(sealed: str, host: str) -> str:
    if not sealed:
        return ""
    try:
        of, _, password = tokens.unseal(sealed.encode()).partition("\n")
    except tokens.BadToken:
        return ""
    return password if of == host else ""


def _page(
    server: str,
    kept: Mapping[str, Any],
    typed: Typed,
    problem: str = "",
    heard: trial.Trial | None = None,
    finding: trial.Finding | None = None,
) -> str:
    return render_template(
        "owner/relays/show.html",
        server=server,
        typed=typed,
        problem=problem,
        heard=heard,
        finding=finding,
        held=bool(config.given(stored.RELAYS)),
        mark=stored.mark(kept, [stored.RELAYS]),
    )
