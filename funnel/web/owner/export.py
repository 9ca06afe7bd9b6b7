"""The people of a list as a file: all of them, or those that the filters of the list leave."""

from flask import Response, request

from funnel.audience import segments
from funnel.audience.segment import read
from funnel.db import Session, utc_now
from funnel.insight import roster
from funnel.web.owner import filters, gate, sheet

blueprint = gate.pages("export", __name__)


@blueprint.get("/people.csv")
def people() -> Response:
    """Takes the query string of /owner/people. With plain=1 it lacks the mark that Excel wants."""
    now = utc_now()
    segment, _ = read(filters.chosen())
    with Session.begin() as session:
        segments.looked_up(session, segment)  # gone, it is told now, and not when the file is half sent
        gate.note(session, "took people away as a file", now, filters=sorted(segment.plain()))
    encoding = sheet.PLAIN if request.args.get("plain") else sheet.FOR_EXCEL
    return sheet.answer("people", roster.HEADER, roster.rows(Session.begin, segment, now), encoding)
