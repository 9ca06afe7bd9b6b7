"""The newsletters: all of them, one begun, and each with how it stands and looks."""

from datetime import datetime
from http import HTTPStatus

from flask import Response, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.insight import backlist, tallies
from funnel.mail import render
from funnel.mail.encoding import Unsendable
from funnel.models.content import Newsletter
from funnel.programme import issue_words, issues, merge, notes, outgoing, translations
from funnel.programme.merge import BadTags
from funnel.web.owner import frame, gate, progress, standing, texts, typed
from funnel.web.owner.issue_manner import NEWSLETTERS

THROWN_AWAY = "thrown-away"

blueprint = gate.pages("newsletters", __name__)


@blueprint.get("/newsletters")
def index() -> str:
    """All of them; with `?which=thrown-away` the drafts that were thrown away."""
    now, wanted = utc_now(), request.args.get("which") == THROWN_AWAY
    listed = backlist.thrown_away if wanted else backlist.listed
    with Session.begin() as session:
        return render_template(
            "owner/newsletters/index.html",
            freshness=tallies.freshen(session, now),
            found=listed(session, request.args.get("page", 1, type=int)),
            wanted=THROWN_AWAY if wanted else "",
            thrown_away=THROWN_AWAY if wanted or backlist.has_thrown_away(session) else "",
            now=now,
        )


@blueprint.post("/newsletters")
def begin() -> AnyResponse:
    """A draft, empty or with the words of the one that `like` names, and on to its editor."""
    now, like = utc_now(), typed.number("like")
    with Session.begin() as session:
        past = NEWSLETTERS.found(session, like) if like else None
        issue = issues.begin(session, gate.owner().id, now, past)
        gate.note(session, "began a newsletter", now, newsletter=issue.id, **({"like": like} if like else {}))
        number, said = issue.id, translations.has_any(session, issue)
    flash(
        "Begun with the same words, in other languages too: those are left out until you put each to use. "
        "Nobody gets it until you send it."
        if like and said
        else "Begun with the same words. Nobody gets it until you send it."
        if like
        else "Begun. Nobody gets it until you send it."
    )
    return redirect(url_for("editor.show", noun=NEWSLETTERS.noun, text_id=number), HTTPStatus.SEE_OTHER)


@blueprint.get(f"/newsletters/<{gate.ID}:text_id>")
def show(text_id: int) -> Response:
    now = utc_now()
    with Session.begin() as session:
        tallies.freshen(session, now)
        issue = NEWSLETTERS.found(session, text_id)
        preview, problem = _seen(issue)
        page = texts.page(
            "newsletters/show",
            NEWSLETTERS,
            issue,
            preview=preview,
            problem=problem,
            **standing.of(session, issue, now),
            ready=typed.ready(session, NEWSLETTERS.look, issue_words.typed(issue), text_id, None, now),
            **texts.waiting(session, NEWSLETTERS, issue),
            tongues=translations.listed(session, issue, gate.owner().id),
        )
    return frame.around(page)


@blueprint.post(f"/newsletters/<{gate.ID}:text_id>/throw-away")
def throw_away(text_id: int) -> AnyResponse:
    """Of a draft; its page has the button that takes that back."""
    done = "Thrown away. Nobody gets it; the notes in it are free for another."
    return progress.do(outgoing.throw_away, text_id, "threw a newsletter’s draft away", done)


@blueprint.post(f"/newsletters/<{gate.ID}:text_id>/fetch-back")
def fetch_back(text_id: int) -> AnyResponse:
    """A draft again; where notes in it were taken into another meanwhile, that is said."""
    twice: list[str] = []

    def verb(session: OrmSession, number: int, _now: datetime) -> object:
        issue = outgoing.fetch_back(session, number)
        twice.extend(f"“{merge.shown(subject)}”" for subject in notes.also_in(session, issue))
        return issue

    answer = progress.do(verb, text_id, "fetched a newsletter’s draft back", "It is a draft again.")
    if twice:
        flash(f"Notes in it stand in {' and '.join(twice)} too: readers of both would read them twice.", "warn")
    return answer


@blueprint.get(f"/newsletters/<{gate.ID}:text_id>/html")
def body(text_id: int) -> Response:
    """The mail by itself, for the frames of its page. `?scheme=` is light or dark."""
    scheme = frame.wanted()
    with Session.begin() as session:
        preview, problem = _seen(NEWSLETTERS.found(session, text_id))
    if preview is None:
        return frame.alone(render_template("owner/preview/fault.html", error=problem, what="mail", scheme=scheme))
    return frame.alone(frame.framed(preview.html, scheme))


def _seen(issue: Newsletter) -> tuple[render.Preview | None, str]:
    """As somebody without a name gets it, or why it cannot be written."""
    try:
        return render.preview_newsletter(issue, None, utc_now()), ""
    except (Unsendable, BadTags) as error:
        return None, str(error)
