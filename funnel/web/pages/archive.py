"""The archive of newsletters: the list, an issue's page, and the feed for feed readers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.languages import ENGLISH
from funnel.mail import web_version
from funnel.mail.web_version import Heading, WebVersion
from funnel.models.content import Newsletter
from funnel.models.people import Form, FormState
from funnel.programme import archive, translations, wording
from funnel.web import spoken
from funnel.web.pages import card, covers, fresh
from funnel.web.pages.card import Card

LISTED = 20  # issues a page, and in the feed
SOURCE = "archive"  # what sign-ups on these pages are counted under, unless the reader brings a source along
ID = "int(max=9223372036854775807)"  # what a bigint holds
FEED_KEPT_S = 300
NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, §2.2

blueprint = Blueprint("archive", __name__)


@dataclass(frozen=True)
class Entry:
    """An issue as it is shown. Its number says which; `slug` stands in its address for whoever reads that."""

    number: int
    slug: str
    published_at: datetime
    said: Heading | WebVersion
    sources: list[dict[str, str]]


@blueprint.get("/archive")
def index() -> AnyResponse:
    now, page = utc_now(), min(max(request.args.get("page", 1, type=int), 1), 10_000)
    with Session.begin() as session:
        issues = archive.listed(session, LISTED + 1, (page - 1) * LISTED)
        if page > 1 and not issues:
            return redirect(url_for(".index"))
        shown = _card(session, now)
        html = render_template(
            "pages/archive/index.html",
            entries=[_entry(issue, web_version.heading(issue)) for issue in issues[:LISTED]],
            page=page,
            more=len(issues) > LISTED,
            card=shown,
            where_from=card.where_from(),
        )
    return fresh.answer(html, now, shown.token if shown else "")


@blueprint.get(f"/archive/<{ID}:number>", defaults={"slug": ""})
@blueprint.get(f"/archive/<{ID}:number>-<slug>")
def show(number: int, slug: str) -> AnyResponse | tuple[str, int]:
    """An issue. Whatever stands behind its number leads to the address that it has now."""
    now = utc_now()
    with Session.begin() as session:
        issue = archive.found(session, number)
        if issue is None or not issue.in_archive:
            return _nothing(session, issue)
        entry = _entry(issue, web_version.of(issue))
        if entry.slug != slug:
            return _to(entry)
        shown = _card(session, now)
        html = _page(session, issue, entry, shown, archive.around(session, issue), archive.is_listed(issue))
    return fresh.answer(html, now, shown.token if shown else "")


@blueprint.get(f"/archive/<{ID}:number>/<language>")
def translated(number: int, language: str) -> AnyResponse | tuple[str, int]:
    """An issue as readers of that language got it; to the original where it is not, or no longer, said in it."""
    now = utc_now()
    with Session.begin() as session:
        issue = archive.found(session, number)
        if issue is None or not issue.in_archive:
            return _nothing(session, issue)
        said = translations.public(session, issue, language)
        if said is None:
            return redirect(url_for(".show", number=number, **card.where_from()))
        shown = _card(session, now, language)
        html = _page(session, issue, _entry(issue, web_version.of(issue, said)), shown, language=language)
    return fresh.answer(html, now, shown.token if shown else "")


@blueprint.get("/archive/feed.xml")
def feed() -> Response:
    """RSS 2.0 with the whole text of the newest issues."""
    spoken.speak(spoken.practice())
    with Session.begin() as session:
        changed_at = archive.changed_at(session, LISTED)
        xml = render_template(
            "pages/archive/feed.xml",
            entries=[_entry(issue, web_version.of(issue)) for issue in archive.latest(session, LISTED)],
            changed_at=changed_at,
            rfc822=format_datetime,
        )
    xml = NOT_XML.sub("", xml)
    response = Response(xml, content_type="application/rss+xml; charset=utf-8")
    response.headers["Cache-Control"] = f"public, max-age={FEED_KEPT_S}"
    if changed_at:
        response.last_modified = changed_at
    return fresh.same_or(response, xml)


def _page(
    session: OrmSession,
    issue: Newsletter,
    entry: Entry,
    shown: Card | None,
    around: Sequence[Newsletter | None] = (None, None),
    is_listed: bool = False,
    language: str = ENGLISH,
) -> str:
    before, after = (one and _entry(one, web_version.heading(one)) for one in around)
    return render_template(
        "pages/archive/show.html",
        entry=entry,
        path=archive.path(issue, language) if language != ENGLISH else _path(entry, {}),
        before=before,
        after=after,
        is_listed=is_listed,
        cover=covers.of_issue(issue, entry.said.subject, language),
        also=[one for one in translations.told_in(session, issue) if one is not spoken.language()],
        card=shown,
        where_from=card.where_from(),
    )


def _path(entry: Entry, where_from: Mapping[str, Any]) -> str:
    return url_for(".show", number=entry.number, slug=entry.slug, **where_from)


def _entry(issue: Newsletter, said: Heading | WebVersion) -> Entry:
    slug, sources = wording.slug(said.subject, ""), web_version.sources(issue)
    return Entry(issue.id, slug, archive.published_at(issue), said, sources)


def _nothing(session: OrmSession, issue: Newsletter | None) -> tuple[str, int]:
    """Says that there is nothing to read, and of what was never sent no more than of what was never written."""
    spoken.speak(spoken.practice())
    page, code = ("gone", HTTPStatus.GONE) if issue else ("none", HTTPStatus.NOT_FOUND)
    return render_template(f"pages/archive/{page}.html", archive=archive.is_offered(session)), code


def _to(entry: Entry) -> AnyResponse:
    answer = redirect(_path(entry, card.where_from()), HTTPStatus.MOVED_PERMANENTLY)
    answer.headers["Cache-Control"] = "no-cache"  # its subject may change once more
    return answer


def _card(session: OrmSession, now: datetime, language: str = "") -> Card | None:
    """The sign-up form of these pages, whose language they speak: the oldest that is open.

    A page in a `language` of its own has a form in it where there is one.
    """
    forms = select(Form).where(Form.state == FormState.OPEN).order_by(Form.language != language, Form.id)
    form = session.scalar(forms.limit(1))
    spoken.speak(language or (form.language if form else spoken.practice()))
    if form is None:
        return None
    source = card.source() or SOURCE
    card.count_view(session, form, source, now)
    return card.empty(form, source, now)
