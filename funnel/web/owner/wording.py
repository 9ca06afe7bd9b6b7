"""The words of the confirmation page and of the mails that ask for it, in the practice's own way or the original."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from funnel import languages
from funnel.db import Session
from funnel.house import stored
from funnel.languages import Language
from funnel.mail import notices
from funnel.programme import merge, prose
from funnel.programme.merge import Problem
from funnel.web.owner import gate, settings
from funnel.web.pages import page_words

LONGEST = {"subject": 150, "preheader": 150, "body": 20_000}
LONGEST_LINE = 200
# Nothing a reader typed is among them: a stranger may have typed it (law 5).
HOUSE_TAGS = ("form_title", "practitioner_name", "practice_name", "practice_address", "site")
LINK, CHOICES, SHEET = "confirm_link", "preferences_link", "sheet_link"
# What a mail's button must lead to, and what its words are then.
BUTTONS = {
    LINK: ("confirms", "Yes, send me the mails"),
    CHOICES: ("leads to the choices", "Change my mails"),
    SHEET: ("opens the handout", "Open the sheet"),
}
LABELS = {
    "subject": "Subject",
    "preheader": "Preheader, shown beside the subject",
    "body": "The mail",
    "ask": "Heading above the button",
    "not_you": "Below the button",
    "done": "Heading once it is confirmed",
    "next": "What comes next",
}


@dataclass(frozen=True)
class Text:
    """`language` is that of its readers. `about` of its address is its name, with that behind it."""

    name: str
    title: str
    when: str
    tags: tuple[str, ...]
    language: Language
    link: str = LINK

    @property
    def about(self) -> str:
        return notices.kept_as(self.name, self.language.code)

    @property
    def is_mail(self) -> bool:
        return self.name != page_words.NAME

    @property
    def original(self) -> dict[str, str]:
        if not self.is_mail:
            return page_words.original(self.language.code)
        words = notices.original(self.name, self.language.code)
        return {"subject": words.subject, "preheader": words.preheader, "body": words.body}


def _in(language: Language) -> tuple[Text, ...]:
    page = Text(page_words.NAME, "The confirmation page", "behind the button in the mail", page_words.TAGS, language)
    return (
        Text("confirmation", "The confirmation mail", "on signing up", (*HOUSE_TAGS, LINK), language),
        Text("reminder", "The reminder", "a day after signing up, if not confirmed", (*HOUSE_TAGS, LINK), language),
        page,
        Text(
            "already_in",
            "To who is in already",
            "on signing up once more",
            (*HOUSE_TAGS, CHOICES),
            language,
            CHOICES,
        ),
        Text(
            "handout_too",
            "To who is in already, with a handout",
            "on signing up once more, by a form that gives another one",
            (*HOUSE_TAGS, CHOICES, SHEET, "sheet_title"),
            language,
            SHEET,
        ),
        Text(
            "another_course",
            "To who is in already, for another course",
            "on signing up by a form that leads to a course they never met",
            (*HOUSE_TAGS, LINK, CHOICES),
            language,
        ),
    )


TEXTS = {text.about: text for language in languages.known() for text in _in(language)}

blueprint = gate.pages("wording", __name__)


@blueprint.get("/settings/words")
def index() -> str:
    with Session.begin() as session:
        kept = stored.rows(session)
    own = {name for name in TEXTS if stored.WORDS + name in kept}
    return render_template("owner/wording/index.html", texts=TEXTS.values(), languages=languages.known(), own=own)


@blueprint.get("/settings/words/<about>")
def show(about: str) -> str:
    text = _text(about)
    with Session.begin() as session:
        kept = stored.rows(session)
    return _page(text, kept, kept.get(stored.WORDS + about) or text.original, {})


@blueprint.post("/settings/words/<about>")
def save(about: str) -> tuple[str, int] | AnyResponse:
    text = _text(about)
    key = stored.WORDS + about
    restored = "restore" in request.form
    typed = {part: request.form.get(part, "").replace("\r\n", "\n").strip() for part in text.original}
    with Session.begin() as session:
        kept = stored.held(session)
        if request.form.get("mark") != stored.mark(kept, [key]):
            return _page(text, kept, typed, {"": [settings.MEANWHILE]}), HTTPStatus.CONFLICT
        if wrong := {} if restored else _problems(text, typed):
            return _page(text, kept, typed, wrong), HTTPStatus.UNPROCESSABLE_ENTITY
        wanted = None if restored or _same(typed, text.original) else typed
        entry = settings.keep(session, {key: wanted}, about) if wanted != kept.get(key) else None
    if entry is None:
        flash("Nothing was changed.")
        return redirect(url_for(".show", about=about), HTTPStatus.SEE_OTHER)
    return redirect(url_for(".show", about=about, saved=entry), HTTPStatus.SEE_OTHER)


def _text(name: str) -> Text:
    return TEXTS.get(name) or abort(HTTPStatus.NOT_FOUND)


def _same(typed: Mapping[str, str], original: Mapping[str, str]) -> bool:
    return all(typed[part] == words.strip() for part, words in original.items())


def _problems(text: Text, typed: Mapping[str, str]) -> dict[str, list[str]]:
    """What is wrong with each part, with its line where it has more than one."""
    wrong = {}
    for part, words in typed.items():
        found = list(_wrong_with(text, part, words))
        if found:
            wrong[part] = found
    if text.is_mail and not wrong and not _has_link(typed["body"], text.link):
        does, words = BUTTONS[text.link]
        wrong["body"] = [f"It has no button that {does}. Put this in: [{words}]({{{{ {text.link} }}}})"]
    return wrong


def _wrong_with(text: Text, part: str, words: str) -> list[str]:
    most = LONGEST.get(part, LONGEST_LINE)
    if not words:
        return ["Please write something here, or restore the original words."]
    if len(words) > most:
        return [f"It is longer than {most:,} signs."]
    if part != "body":
        return [problem.text for problem in _refused(text, words.replace("\n", " "))]
    return [_with_line(problem) for problem in _refused(text, words)]


def _refused(text: Text, words: str) -> list[Problem]:
    return prose.check(words, text.tags, language=text.language.code)


def _with_line(problem: Problem) -> str:
    return f"Line {problem.line}: {problem.text}"


def _has_link(body: str, link: str) -> bool:
    return any(isinstance(piece, merge.Tag) and piece.name == link for piece in merge.pieces(body))


def _page(text: Text, kept: Mapping[str, Any], said: Mapping[str, str], wrong: Mapping[str, list[str]]) -> str:
    key = stored.WORDS + text.about
    return render_template(
        "owner/wording/show.html",
        text=text,
        said=said,
        wrong=wrong,
        labels=LABELS,
        own=key in kept,
        mark=stored.mark(kept, [key]),
        saved=request.args.get("saved", type=int),
    )
