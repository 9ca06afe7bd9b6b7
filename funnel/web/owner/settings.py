"""The settings: each section saved by itself, in force within seconds everywhere, and taken back by one press."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel import config
from funnel.db import Session, utc_now
from funnel.house import stored
from funnel.models.house import AuditEntry
from funnel.web.owner import gate
from funnel.web.owner.section import Field, Section
from funnel.web.owner.sections import SECTIONS, zones

CHANGED = "changed settings"
TAKEN_BACK = "took back a change of settings"
MEANWHILE = "Somebody else changed these settings since you opened them. Yours stand below: save again to keep them."
NOT_AS_BEFORE = "Nothing was taken back: with what was changed since, the settings of before do not go together."
SITES = "SITES"
LONGEST = 5000  # signs of a setting

blueprint = gate.pages("settings", __name__)


@blueprint.get("/settings")
def index() -> str:
    with Session.begin() as session:
        kept = stored.rows(session)
    known = stored.in_force(kept)
    said = {section.slug: [field.said(known) for field in section.fields] for section in SECTIONS.values()}
    return render_template(
        "owner/settings/index.html",
        sections=SECTIONS.values(),
        said=said,
        known=known,
        texts=[name for name in kept if name.startswith(stored.WORDS)],
    )


@blueprint.get("/settings/<slug>")
def show(slug: str) -> str:
    section = SECTIONS.get(slug) or abort(HTTPStatus.NOT_FOUND)
    with Session.begin() as session:
        kept = stored.rows(session)
    return _page(section, kept, _in_force(section, kept), {})


@blueprint.post("/settings/<slug>")
def save(slug: str) -> tuple[str, int] | AnyResponse:
    section = SECTIONS.get(slug) or abort(HTTPStatus.NOT_FOUND)
    with Session.begin() as session:
        kept = stored.held(session)
        typed = {field.name: _typed(field) for field in section.fields if not config.given(field.name)}
        if request.form.get("mark") != stored.mark(kept, section.names):
            return _page(section, kept, typed, {"": MEANWHILE}), HTTPStatus.CONFLICT
        before = _in_force(section, kept)
        changes = {name: text or None for name, text in typed.items() if text != before[name]}
        if wrong := stored.problems(kept, {name: text or "" for name, text in changes.items()}):
            return _page(section, kept, typed, wrong), HTTPStatus.UNPROCESSABLE_ENTITY
        entry = keep(session, changes, slug) if changes else None
    if entry is None:
        flash("Nothing was changed.")
        return redirect(url_for(".show", slug=slug), HTTPStatus.SEE_OTHER)
    return redirect(url_for(".show", slug=slug, saved=entry), HTTPStatus.SEE_OTHER)


@blueprint.post(f"/settings/undo/<{gate.ID}:entry_id>")
def undo(entry_id: int) -> AnyResponse:
    with Session.begin() as session:
        entry = session.get(AuditEntry, entry_id)
        if entry is None or entry.action not in {CHANGED, TAKEN_BACK}:
            abort(HTTPStatus.NOT_FOUND)
        about, before, after = (entry.detail[name] for name in ("about", "before", "after"))
        kept = stored.held(session)
        if any(kept.get(name) != value for name, value in after.items()):
            flash("These settings have been changed again since, so nothing was taken back.", "warn")
            return redirect(page_of(about), HTTPStatus.SEE_OTHER)
        if wrong := stored.problems(kept, before):
            flash(f"{NOT_AS_BEFORE} {' '.join(wrong.values())}", "warn")
            return redirect(page_of(about), HTTPStatus.SEE_OTHER)
        keep(session, before, about, action=TAKEN_BACK)
    flash("Taken back: it is as it was before.")
    return redirect(page_of(about), HTTPStatus.SEE_OTHER)


@blueprint.post("/settings/sites/add")
def add_site() -> AnyResponse:
    """One more site that may show our forms, from the page that found it missing; leads back there."""
    add(request.form.get("site", ""))
    return redirect(gate.local_path(request.form.get("back", "")), HTTPStatus.SEE_OTHER)


def add(typed: str) -> None:
    """One more site on the list, in a transaction of its own; the next page says what came of it."""
    site = typed.strip()[:LONGEST]
    if config.given(SITES):
        flash(f"The sites are set where Funnel runs, by the variable {SITES}. Add {site} there.", "warn")
        return
    with Session.begin() as session:
        kept = stored.held(session)
        listed = [*stored.in_force(kept).sites, site]
        changes = {SITES: "\n".join(dict.fromkeys(listed))}
        wrong = stored.problems(kept, changes)
        if not wrong:
            keep(session, changes, "sites")
    said = f"Not added: {' '.join(wrong.values())}" if wrong else f"Added: pages of {site} may show your forms now."
    flash(said, "warn" if wrong else "message")


def keep(session: OrmSession, changes: Mapping[str, Any], about: str, action: str = CHANGED) -> int:
    """Keeps these settings, or takes those out that are None; the audit knows what stood before. Returns its entry."""
    now = utc_now()
    before = stored.keep(session, changes, now)
    return gate.note(session, action, now, about=about, before=before, after=dict(changes))


def page_of(about: str) -> str:
    """The page of the settings that an entry of the audit is about."""
    if about in SECTIONS:
        return url_for("settings.show", slug=about)
    if about == "relays":
        return url_for("relays.index")
    return url_for("wording.show", about=about)


def _typed(field: Field) -> str:
    if field.kind == "switch":
        return "on" if field.name in request.form else "off"
    return request.form.get(field.name, "").replace("\r\n", "\n").strip()[:LONGEST]


def _in_force(section: Section, kept: Mapping[str, Any]) -> dict[str, str]:
    known = stored.in_force(kept)
    return {field.name: field.said(known) for field in section.fields}


def _page(section: Section, kept: Mapping[str, Any], typed: Mapping[str, str], wrong: Mapping[str, str]) -> str:
    return render_template(
        "owner/settings/show.html",
        section=section,
        said={**_in_force(section, kept), **typed},
        held={name for name in section.names if config.given(name)},
        wrong=wrong,
        mark=stored.mark(kept, section.names),
        saved=request.args.get("saved", type=int),
        zones=zones() if section.slug == "practice" else (),
    )
