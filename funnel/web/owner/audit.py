"""The audit log: who did what and when, in sentences, with the way to what it was about."""

from collections.abc import Iterator
from typing import Any

from flask import Response, render_template, request, url_for

from funnel.db import Session
from funnel.insight import audit
from funnel.insight.audit import Which
from funnel.models.house import AuditEntry
from funnel.web.owner import gate, settings, sheet
from funnel.web.owner.words import counted

FROM_COMMAND_LINE = "The command line"
FORMERLY = "Somebody"
NO_ACTOR = {"owner made": "made somebody an owner", "password set": "set a password"}

# What an entry is about, by the name in its detail: the page of it, and how it is called.
ABOUT = {
    "subscriber": ("people.show", "person_id", "the person"),
    "booking": ("bookings.show", "booking_id", "the booking"),
    "step": ("mails.show", "name", "the mail"),
    "tag": ("tags.show", "tag_id", "the tag"),
    "course": ("courses.show", "course_id", "the course"),
    "post": ("own_posts.show", "text_id", "the post"),
    "form": ("own_forms.show", "text_id", "the form"),
    "job": ("bulk.show", "job_id", "the people"),
    "newsletter": ("newsletters.show", "text_id", "the newsletter"),
    "rhythm": ("rhythms.show", "rhythm_id", "the regular newsletter"),
    "import": ("imports.show", "import_id", "the import"),
}

blueprint = gate.pages("audit", __name__)


@blueprint.get("/audit")
def index() -> str:
    which, before = _which(), request.args.get("before", type=int)
    with Session.begin() as session:
        people = audit.people(session)
        return render_template(
            "owner/audit/index.html",
            found=audit.page(session, which, before),
            which=which,
            before=before,
            people=people,
            kinds=audit.kinds(session),
            who=lambda entry: _who(entry, people),
            did=did,
            more=_more,
            about=_about,
            command_line=audit.COMMAND_LINE,
        )


@blueprint.get("/audit.csv")
def download() -> Response:
    return sheet.answer("audit", ("When", "Who", "What", "About"), _rows(_which()))


def did(entry: AuditEntry) -> str:
    """What was done, to be read after who did it."""
    return NO_ACTOR.get(entry.action, entry.action)


def _rows(which: Which) -> Iterator[sheet.Row]:
    with Session() as session:
        people = audit.people(session)
        for entry in audit.every(session, which):
            yield entry.at, _who(entry, people), did(entry), _more(entry, people)


def _which() -> Which:
    return Which(request.args.get("who", type=int), request.args.get("what") or None)


def _who(entry: AuditEntry, people: dict[int, str]) -> str:
    return FROM_COMMAND_LINE if entry.owner_id is None else people.get(entry.owner_id, FORMERLY)


def _more(entry: AuditEntry, people: dict[int, str]) -> str:
    """The rest of the sentence: whom or what it was about, as far as words can say it."""
    detail, said = entry.detail, []
    if "owner" in detail:
        said.append(people.get(detail["owner"], FORMERLY))
    if "role" in detail:
        role, before = detail["role"], detail.get("before")
        said.append(f"{before} before, {role} now" if before else f"as {role}")
    if entry.action in {settings.CHANGED, settings.TAKEN_BACK}:
        said.append(", ".join(sorted(_called(name) for name in detail["after"])))
    if "relay" in detail:
        said.append(f"{detail['relay']}: {'it worked' if detail['worked'] else 'it did not work'}")
    if isinstance(detail.get("name"), str):  # of a tag, or of what was done or corrected
        said.append(detail["name"])
    if "step" in detail and isinstance(detail["step"], str):
        said.append(f"with a {detail['step']}")
    said += [counted(detail[name], one, many) for name, one, many in COUNTED if isinstance(detail.get(name), int)]
    return "; ".join(said)


COUNTED = (("people", "person", "people"), ("mails", "mail", "mails"), ("devices", "device", "devices"))


def _called(name: str) -> str:
    return name.replace("words:", "words of the ").replace("_", " ").lower()


def _about(entry: AuditEntry) -> list[tuple[str, str]]:
    """The ways to what it was about: (address, words)."""
    ways = [
        (url_for(endpoint, **{argument: entry.detail[name]}), words)
        for name, (endpoint, argument, words) in ABOUT.items()
        if _is_number(entry.detail.get(name))
    ]
    if entry.action in {settings.CHANGED, settings.TAKEN_BACK}:
        ways.append((settings.page_of(entry.detail["about"]), "the settings"))
    return ways


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
