"""The handout that a form gives: taken by a link of the confirmed page or of a mail, and counted."""

import io

from flask import Response, request, send_file

from funnel.db import Session, utc_now
from funnel.programme import handouts
from funnel.programme.handouts import Sheet
from funnel.response import downloads
from funnel.web import edge
from funnel.web.pages import discreet

# A browser shows a PDF in a page of its own making, which the policy of our pages would leave without its parts.
POLICY = "script-src 'none'; base-uri 'none'; frame-ancestors 'none'"

blueprint = discreet.blueprint("handout", __name__)


@blueprint.get("/handout/<token>")
def show(token: str) -> Response:
    with Session.begin() as session:
        sheet = downloads.visit(
            session,
            token,
            begins=_begins(),
            head=request.method == "HEAD",
            agent=edge.visit().agent,
            now=utc_now(),
        )
    response = answer(sheet)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "private, no-cache"  # kept by the browser, which asks whether it is still so
    return response


def answer(sheet: Sheet, *, attached: bool = False) -> Response:
    """The file, whole or the part that is asked for; nothing when the reader has it already. Below any transaction.

    Who has it, or asks only about it, is answered without its bytes.
    """
    has, about = request.if_none_match.contains_weak(sheet.digest), request.method == "HEAD"
    response = send_file(
        io.BytesIO(b"" if has or about else _bytes(sheet)),
        mimetype="application/pdf",
        download_name=sheet.file_name,
        as_attachment=attached,
        etag=sheet.digest,
        conditional=has or not about,
    )
    if about and not has:
        response.content_length = sheet.size
        response.headers["Accept-Ranges"] = "bytes"
    return response


def _bytes(sheet: Sheet) -> bytes:
    with Session.begin() as session:
        return handouts.read(session, sheet)


def _begins() -> bool:
    wanted = request.range
    return wanted is None or any(start == 0 for start, _ in wanted.ranges)
