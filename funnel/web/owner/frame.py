"""A mail inside a page: shown in the scheme asked for, whatever the viewer's, with links that lead nowhere."""

import re

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox"
)
# The same for a page of ours that keeps the frame's place while one types. No script, form or window is allowed in it.
SCROLLED = CONTENT_SECURITY_POLICY.removesuffix("sandbox") + "sandbox allow-same-origin"
AROUND = "frame-src 'self'"  # what the page around it adds to its own policy
SCHEMES = ("light", "dark")

_DARK_RULES = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*dark\s*\)", re.IGNORECASE)
_SCHEMES_KNOWN = re.compile(r"(color-schemes?(?:\"\s+content=\"|\s*:\s*))light(?: dark)?(?: only)?", re.IGNORECASE)
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)

# A link that opens a new window is inert in a sandbox that allows none.
_INERT_LINKS = '<base target="_blank">'


def framed(html: str, scheme: str) -> str:
    """`html`, a whole mail, as a viewer of `scheme` (light or dark) would see it."""
    html = _DARK_RULES.sub("@media all" if scheme == "dark" else "@media not all", html)
    html = _SCHEMES_KNOWN.sub(rf"\g<1>{scheme}", html)
    return _HEAD.sub(lambda head: head[0] + _INERT_LINKS, html, count=1)
