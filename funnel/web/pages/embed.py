"""The script that puts a form into the pages of another site."""

from flask import Blueprint, Response, request, send_from_directory

from funnel.web import edge
from funnel.web.pages.colours import FOR_GOOD

NAME = "embed.js"
FOR_AN_HOUR = "public, max-age=3600, stale-while-revalidate=86400"  # it is pasted once, and must not stay old for long

blueprint = Blueprint("embed", __name__)


@blueprint.get(f"/{NAME}")
def script() -> Response:
    """For any site to load. Asked for with `?v=` of what it holds, it may be kept for good."""
    answer = send_from_directory(edge.STATIC, NAME, mimetype="text/javascript", max_age=0)
    answer.set_etag(edge.version(NAME))
    answer.headers["Cache-Control"] = FOR_GOOD if request.args.get("v") == edge.version(NAME) else FOR_AN_HOUR
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.make_conditional(request)
    return answer
