"""A mail inside a page: shown in the scheme asked for, whatever the viewer's, with links that lead nowhere."""

import functools
import re
from http import HTTPStatus

from flask import Response, abort, make_response, request

from funnel.programme import colour
from funnel.web import edge, guard

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox"
)
# The same for a page of ours that keeps the frame's place while one types. No script, form or window is allowed in it.
SCROLLED = CONTENT_SECURITY_POLICY.removesuffix("sandbox") + "sandbox allow-same-origin"
# Of a page of ours: the same, with its pictures.
OF_A_PAGE = SCROLLED.replace("img-src data:", "img-src 'self' data:")
AROUND = "frame-src 'self'"  # what the page around it adds to its own policy
SCHEMES = ("light", "dark")

_DARK_RULES = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*dark\s*\)", re.IGNORECASE)
_SCHEMES_KNOWN = re.compile(r"(color-schemes?(?:\"\s+content=\"|\s*:\s*))light(?: dark)?(?: only)?", re.IGNORECASE)
_SHEETS = re.compile(r'<link rel="stylesheet" href="/static/([a-z]+\.css)[^>]*>')
_COLOURS = re.compile(r'<link rel="stylesheet" href="/colours/([0-9a-f]{6})\.css">')
_SCRIPTS = re.compile(r"<script\b[^>]*></script>")
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)

# A link that opens a new window is inert in a sandbox that allows none.
_INERT_LINKS = '<base target="_blank">'


def wanted() -> str:
    """The scheme that `?scheme=` asks for; light where it is left out, not found where it is none."""
    scheme = request.args.get("scheme", SCHEMES[0])
    return scheme if scheme in SCHEMES else abort(HTTPStatus.NOT_FOUND)


def alone(html: str, policy: str = CONTENT_SECURITY_POLICY) -> Response:
    """The answer that a frame shows."""
    answer = make_response(html)
    answer.headers["Content-Security-Policy"] = policy
    return answer


def around(page: str | Response) -> Response:
    """A page of ours that holds frames."""
    answer = make_response(page)
    answer.headers["Content-Security-Policy"] = f"{guard.POLICY}; {AROUND}"
    return answer


def framed(html: str, scheme: str) -> str:
    """`html`, a whole mail, as a viewer of `scheme` (light or dark) would see it."""
    html = _DARK_RULES.sub("@media all" if scheme == "dark" else "@media not all", html)
    html = _SCHEMES_KNOWN.sub(rf"\g<1>{scheme}", html)
    return _HEAD.sub(lambda head: head[0] + _INERT_LINKS, html, count=1)


def page(html: str, scheme: str) -> str:
    """`html`, a whole page for readers, as a viewer of `scheme` would see it: its styles are written into it."""
    html = _SHEETS.sub(lambda sheet: f"<style>{_style(sheet[1])}</style>", _SCRIPTS.sub("", html))
    html = _COLOURS.sub(lambda link: f"<style>{colour.sheet(f'#{link[1]}')}</style>", html)
    return framed(html, scheme)


@functools.cache
def _style(name: str) -> str:
    return (edge.STATIC / name).read_text()
