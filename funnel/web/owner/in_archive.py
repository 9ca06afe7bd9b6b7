"""Which newsletters everybody may read: the list with a switch for each."""

from http import HTTPStatus

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.models.content import Newsletter
from funnel.programme import archive, merge
from funnel.web.owner import gate

LISTED = 50  # issues a page

blueprint = gate.pages("in_archive", __name__)


@blueprint.get("/archive")
def index() -> str | AnyResponse:
    page = min(max(request.args.get("page", 1, type=int), 1), 10_000)
    with Session.begin() as session:
        issues = archive.listed(session, LISTED + 1, (page - 1) * LISTED, archive.may_be_shown())
        if page > 1 and not issues:
            return redirect(url_for(".index"))
        return render_template(
            "owner/in_archive/index.html",
            lines=[(issue, merge.shown(archive.subject(issue)), archive.has_begun(issue)) for issue in issues[:LISTED]],
            page=page,
            more=len(issues) > LISTED,
        )


@blueprint.post(f"/archive/<{gate.ID}:issue_id>/show")
def show(issue_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        issue = _issue(session, issue_id)
        if archive.show(session, issue_id, now):
            gate.note(session, "put a newsletter into the archive", now, newsletter=issue_id)
        subject, began = merge.shown(archive.subject(issue)), archive.has_begun(issue)
        listed = archive.is_listed(issue)
    who, when = "Everybody" if listed else "Whoever has its link", "" if began else " once it is sent"
    flash(f"{who} may read “{subject}”{when}.")
    return _back()


@blueprint.post(f"/archive/<{gate.ID}:issue_id>/hide")
def hide(issue_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        issue = _issue(session, issue_id)
        if archive.hide(session, issue_id, now):
            gate.note(session, "took a newsletter out of the archive", now, newsletter=issue_id)
        subject = merge.shown(archive.subject(issue))
    flash(f"“{subject}” is for those only who get it by mail. Links to its page say so.")
    return _back()


def _issue(session: OrmSession, issue_id: int) -> Newsletter:
    return archive.one(session, issue_id, archive.may_be_shown()) or abort(HTTPStatus.NOT_FOUND)


def _back() -> AnyResponse:
    """To the page that the button stood on."""
    wanted = request.form.get("back", "")
    return redirect(gate.local_path(wanted) if wanted else url_for(".index"), HTTPStatus.SEE_OTHER)
