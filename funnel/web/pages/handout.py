"""The handout that a form gives: taken by a link of the confirmed page or of a mail, and counted."""

import io

from flask import Response, request, send_file

from funnel.db import Session, utc_now
from funnel.programme.handout import Pdf
from funnel.response import downloads
from funnel.web import edge
from funnel.web.pages import discreet

# A browser shows a PDF in a page of its own making, which the policy of our pages would leave without its parts.
POLICY = "script-src 'none'; base-uri 'none'; frame-ancestors 'none'"

blueprint = discreet.blueprint("handout", __name__)


@blueprint.get("/handout/<token>")
def show(token: str) -> Response:
    with Session.begin() as session:
        pdf = downloads.visit(
            session,
            token,
            begins=_begins(),
            head=request.method == "HEAD",
            agent=edge.visit().agent,
            now=utc_now(),
        )
    response = answer(pdf)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "private, no-cache"  # kept by the browser, which asks whether it is still so
    return response


def answer(pdf: Pdf, *, attached: bool = False) -> Response:
    """The file, whole or the part that is asked for; nothing when the reader has it already."""
    return send_file(
        io.BytesIO(pdf.data),
        mimetype="application/pdf",
        download_name=pdf.file_name,
        as_attachment=attached,
        etag=pdf.digest,
        conditional=True,
    )


def _begins() -> bool:
    wanted = request.range
    return wanted is None or any(start == 0 for start, _ in wanted.ranges)
