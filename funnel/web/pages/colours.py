"""A form's own colour as a style sheet, since a strict policy lets no page carry one. Its address holds all of it.

It goes with its readers from the form to the page of their data. Behind a link in a mail, which may be forwarded, a
page is in the colour of a form that the mail leads back to (discreet.answer_mail).
"""

import re

from flask import Blueprint, Response, abort, g, request

from funnel.models.people import Form
from funnel.programme import colour
from funnel.web import edge
from funnel.web.pages.place import LIGHT

DARK_RULES = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*dark\s*\)")
HEX = re.compile(r"[0-9a-f]{6}")
FOR_GOOD = "public, max-age=31536000, immutable"

blueprint = Blueprint("colours", __name__)


@blueprint.app_context_processor
def _worn() -> dict[str, str]:
    return {"own_colour": g.get("own_colour", "")}


def wear(form: Form | None) -> None:
    """From here on this request's page is in the form's own colour; of no form, in the house's."""
    g.own_colour = form.accent if form else ""


@blueprint.get("/colours/<accent>.css")
def sheet(accent: str) -> Response:
    if not HEX.fullmatch(accent):
        abort(404)
    text = colour.sheet(f"#{accent}")
    return _for_good(_by_day(text) if request.args.get("scheme") == LIGHT else text)


@blueprint.get("/light/<any(base, pages, frame):name>.css")
def by_day(name: str) -> Response:
    """A style sheet of ours without its dark side, for a frame on a page that has none."""
    return _for_good(_by_day((edge.STATIC / f"{name}.css").read_text()))


def _by_day(text: str) -> str:
    return DARK_RULES.sub("@media not all", text).replace("color-scheme: light dark", "color-scheme: light")


def _for_good(text: str) -> Response:
    return Response(text, mimetype="text/css", headers={"Cache-Control": FOR_GOOD})
