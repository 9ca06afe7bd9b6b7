"""Where a form stands: on a page of its own, or in a frame on another site. One handler serves both.

In a frame there is no cookie, perhaps no script and an origin of "null", and no link may lead to a page of ours that no
frame may show.
"""

from typing import Any

from flask import Blueprint, Response, request, url_for
from werkzeug.datastructures import Headers

from funnel.config import settings
from funnel.web import edge

LIGHT = "light"
FRAMED = "framed_"  # begins the names of the endpoints within a frame
LAYOUTS = {False: "pages/layout.html", True: "pages/frame.html"}


def blueprint(name: str, module: str) -> Blueprint:
    """A blueprint whose templates know their `layout`, and whose `framed` pages the owner's sites may show."""
    made = Blueprint(name, module)
    made.context_processor(
        lambda: {
            "layout": LAYOUTS[framed()],
            "framed": framed(),
            "placed": address,
            "light": is_light(),
            "version": edge.version,
        }
    )
    made.after_request(_let_sites_frame)
    return made


def framed() -> bool:
    """Whether this request is one of a frame on another site."""
    return (request.endpoint or "").partition(".")[2].startswith(FRAMED)


def address(name: str, **values: Any) -> str:
    """The address of the view `name` of the forms, in the frame when this request is of one."""
    if is_light():
        values["scheme"] = LIGHT
    return url_for(f"forms.{FRAMED if framed() else ''}{name}", **values)


def is_light() -> bool:
    """Whether the page around stays light in the dark, so that the frame does too: told in its address."""
    return framed() and request.args.get("scheme") == LIGHT


def let_frame(headers: Headers, policy: str) -> None:
    """Lets the owner's sites, and our own pages, show in a frame what has this policy.

    Our own address stands beside 'self', which is nobody in a sandbox without an origin.
    """
    known = settings()
    mine = policy.replace("'self'", f"'self' {known.base_url}")
    ancestors = " ".join(["frame-ancestors 'self'", *known.sites])
    headers["Content-Security-Policy"] = mine.replace("frame-ancestors 'none'", ancestors)
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"


def _let_sites_frame(response: Response) -> Response:
    if framed():
        let_frame(response.headers, edge.policy())
    return response
