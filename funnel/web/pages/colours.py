"""A form's own colour as a style sheet, since a strict policy lets no page carry one. Its address holds all of it."""

import re

from flask import Blueprint, Response, abort

from funnel.programme import colour

HEX = re.compile(r"[0-9a-f]{6}")
FOR_GOOD = "public, max-age=31536000, immutable"

blueprint = Blueprint("colours", __name__)


@blueprint.get("/colours/<accent>.css")
def sheet(accent: str) -> Response:
    if not HEX.fullmatch(accent):
        abort(404)
    return Response(colour.sheet(f"#{accent}"), mimetype="text/css", headers={"Cache-Control": FOR_GOOD})
