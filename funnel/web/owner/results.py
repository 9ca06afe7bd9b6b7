"""What came of a newsletter: its numbers, who is behind each, its links on a picture of it, the issues before."""

from collections.abc import Iterator
from http import HTTPStatus

from flask import Response, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.audience import orders
from funnel.db import Session, utc_now
from funnel.insight import result_links, result_people, results, tallies
from funnel.insight.result_people import Accepted, Told
from funnel.mail import picture
from funnel.mail.encoding import Unsendable
from funnel.models.content import Newsletter, NewsletterState
from funnel.models.tallies import OutcomeKind
from funnel.programme import outgoing
from funnel.programme.merge import BadTags
from funnel.web.owner import clicks_chart, frame, gate, result_labels, result_tables, result_words, sheet, words
from funnel.web.owner.figures import CALLED

PLACE = f"/newsletters/<{gate.ID}:sent_id>/results"
UNSENT = (NewsletterState.DRAFT, NewsletterState.SCHEDULED)
NOTHING_YET = "Nothing of it was sent yet, so nothing came of it. Its results stand here once it leaves."
SENT, LINK, HOUR = "sent", "link", "hour"
TOGETHER = "together"

blueprint = gate.pages("results", __name__)


@blueprint.get(PLACE)
def show(sent_id: int) -> AnyResponse:
    """All of it. A wording leads to its issue, and a draft back to itself."""
    now = utc_now()
    with Session.begin() as session:
        issue = results.found(session, sent_id) or abort(HTTPStatus.NOT_FOUND)
        if issue.state in UNSENT:
            flash(NOTHING_YET)
            return redirect(url_for("newsletters.show", text_id=issue.id))
        if issue.id != sent_id:
            return redirect(url_for(".show", sent_id=issue.id))
        freshness = tallies.freshen(session, now)
        found = results.of_issue(session, issue)
        began = results.began(issue)
        names = outgoing.family(session, issue.id)
        compared = results.compared(session, issue)
        pictured = _pictured(found)
        labels = result_labels.of(session, pictured)
        page = render_template(
            "owner/results/show.html",
            freshness=freshness,
            issue=issue,
            began=began,
            found=found,
            young=result_words.young(issue, found.whole.accepted, now),
            links=result_links.of_mails(session, names, found.whole.accepted, labels),
            pictured=pictured,
            there=labels,
            course=clicks_chart.drawn(result_links.by_hour(session, names, began), began, now),
            compared=compared,
            sentences=result_words.compared(compared),
            called=CALLED,
            part_named=result_words.named,
        )
    return frame.around(page)


@blueprint.get(f"{PLACE}/mail")
def body(sent_id: int) -> Response:
    """The picture of the mail: how many people followed each link, on it. `?scheme=` is light or dark."""
    scheme = frame.wanted()
    now = utc_now()
    with Session.begin() as session:
        issue, names = _issue(session, sent_id)
        wanted = session.get(Newsletter, request.args.get("part", issue.id, type=int))
        if wanted is None or wanted.id not in names:
            abort(HTTPStatus.NOT_FOUND)
        mine = names if wanted.id == issue.id else [wanted.id]
        people = _people_by_url(session, mine)
        try:
            html = picture.drawn(wanted, people, now)
        except (Unsendable, BadTags) as error:
            return frame.alone(
                render_template("owner/preview/fault.html", error=str(error), what="mail", scheme=scheme)
            )
    return frame.alone(frame.framed(html, scheme))


@blueprint.get(f"{PLACE}/people")
def people(sent_id: int) -> str:
    """Who is behind the number `?which=`, of the part `?of=`."""
    now = utc_now()
    with Session.begin() as session:
        tallies.freshen(session, now)
        issue, _ = _issue(session, sent_id)
        behind, title = _behind(session, issue)
        args = {name: value for name, value in request.args.items() if name in ("which", "of", "link", "hour")}
        found = result_people.page(session, behind, request.args.get("page", 1, type=int))
        return render_template("owner/results/people.html", issue=issue, title=title, found=found, args=args)


@blueprint.get(f"{PLACE}/people.csv")
def export(sent_id: int) -> Response:
    """The same people as a file."""
    now = utc_now()
    with Session.begin() as session:
        tallies.freshen(session, now)
        issue, _ = _issue(session, sent_id)
        behind, _ = _behind(session, issue)
        which = request.args.get("which", SENT)
        gate.note(session, "exported people", now, newsletter=issue.id, what=which)
    return sheet.answer(f"newsletter-{sent_id}-{which}", ("Address", "First name", "State"), _rows(behind))


@blueprint.get(f"{PLACE}.csv")
def table(sent_id: int) -> Response:
    """One of the tables of its page, `?of=`."""
    now = utc_now()
    of = request.args.get("of", "numbers")
    make = result_tables.TABLES.get(of) or abort(HTTPStatus.NOT_FOUND)
    with Session.begin() as session:
        tallies.freshen(session, now)
        issue, _ = _issue(session, sent_id)
        header, rows = make(session, issue, now)
    return sheet.answer(f"newsletter-{sent_id}-{of}", header, rows)


def _issue(session: OrmSession, sent_id: int) -> tuple[Newsletter, list[int]]:
    """The issue that was sent, and the newsletters under which its mails are."""
    issue = results.found(session, sent_id)
    if issue is None or issue.id != sent_id:
        abort(HTTPStatus.NOT_FOUND)
    return issue, outgoing.family(session, issue.id)


def _pictured(found: results.Results) -> list[Newsletter]:
    """Whose picture is shown: the issue's alone, unless its parts do not say the same."""
    parts = [one.issue for one in found.parts if one.accepted]
    return parts if len({part.body for part in parts}) > 1 else [found.whole.issue]


def _people_by_url(session: OrmSession, names: list[int]) -> dict[str, str]:
    """The words on each link of the picture. One address may stand there with several words, in several wordings."""
    counts: dict[str, int] = {}
    for link in result_links.of_mails(session, names, 0):
        counts[link.url] = counts.get(link.url, 0) + link.people.count
    return {url: words.counted(count, "person", "people") for url, count in counts.items()}


def _behind(session: OrmSession, issue: Newsletter) -> tuple[Accepted | Told, str]:
    """The people wanted, and what they are called; not found for what makes no sense."""
    which, of = request.args.get("which", SENT), request.args.get("of", str(issue.id))
    names, told = _of(session, issue, of)
    if which == SENT:
        return Accepted(names), CALLED[SENT]
    if which in list(OutcomeKind):
        return result_people.came(told, OutcomeKind(which)), CALLED[which]
    if which == LINK:
        link = result_links.one(session, names, request.args.get("link", 0, type=int)) or abort(HTTPStatus.NOT_FOUND)
        label = result_labels.of(session, [issue]).get(link.url) or link.label or link.url
        return Told(result_links.who(names, link)), f"clicked “{label}”"
    hour = request.args.get("hour", -1, type=int)
    if which != HOUR or not 0 <= hour < result_links.HOURS:
        abort(HTTPStatus.NOT_FOUND)
    began = results.began(issue)
    return Told(result_links.in_hour(names, began, hour)), f"clicked for the first time in hour {hour + 1}"


def _of(session: OrmSession, issue: Newsletter, of: str) -> tuple[list[int], list[int]]:
    """Under which newsletters their mails are, and what came of them is."""
    family = outgoing.family(session, issue.id)
    if of == TOGETHER:
        resent = orders.resent(session, issue.id)
        return family, [issue.id, *([resent.id] if resent else [])]
    number = int(of) if of.isdecimal() else 0
    if number == issue.id:
        return family, [number]
    return ([number], [number]) if number in family else abort(HTTPStatus.NOT_FOUND)


def _rows(behind: Accepted | Told) -> Iterator[sheet.Row]:
    """Read while they are sent: the view's session is closed by then."""
    with Session.begin() as session:
        for person in result_people.rows(session, behind):
            yield person.email, person.first_name, words.PERSON_STATES[person.state][0]
