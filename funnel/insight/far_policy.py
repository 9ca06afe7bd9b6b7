"""What another site's security policy (CSP, level 3) lets its pages load: our script, our frame, our form?"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from funnel import origins

# Where a browser looks for what holds, first to last.
ASKED = {
    "script": ("script-src-elem", "script-src", "default-src"),
    "frame": ("frame-src", "child-src", "default-src"),
    "form": ("form-action",),
}
_SOURCE = re.compile(r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>[^/:]+)(?::(?P<port>\d+|\*))?(?P<path>/.*)?")


@dataclass(frozen=True)
class Policy:
    directives: dict[str, list[str]]

    def stops(self, kind: str, url: str, page: str, nonce: str = "") -> str:
        """The directive that keeps a page at `page` from loading `url`; '' when it is let in."""
        name = next((name for name in ASKED[kind] if name in self.directives), "")
        if not name or _lets(self.directives[name], kind, url, page, nonce):
            return ""
        return name


def read(texts: Iterable[str]) -> list[Policy]:
    """The policies of headers or meta elements; a header may hold several."""
    found = []
    for text in (one for whole in texts for one in whole.split(",")):
        directives: dict[str, list[str]] = {}
        for part in text.split(";"):
            name, *sources = part.split() or [""]
            directives.setdefault(name.lower(), sources)  # the first counts, as in a browser
        directives.pop("", None)
        if directives:
            found.append(Policy(directives))
    return found


def _lets(sources: list[str], kind: str, url: str, page: str, nonce: str) -> bool:
    small = [source.lower() for source in sources]
    if kind == "script":
        if nonce and f"'nonce-{nonce}'" in sources:
            return True
        if "'strict-dynamic'" in small:
            return False
    return any(_is(source, url, page) for source in small)


def _is(source: str, url: str, page: str) -> bool:
    parts, mine = urlsplit(url), urlsplit(page)
    if source == "*":
        return parts.scheme in {"http", "https"}
    if source == "'self'":
        return origins.of(url) == origins.of(page)
    if source.endswith(":") and "/" not in source:
        return _scheme(source[:-1], parts.scheme)
    found = None if source.startswith("'") else _SOURCE.fullmatch(source)
    if not found or not _scheme(found["scheme"] or mine.scheme, parts.scheme):
        return False
    host, wanted = parts.hostname or "", found["host"]
    if not (host.endswith(wanted[1:]) if wanted.startswith("*.") else host == wanted):
        return False
    usual = origins.PORTS.get(parts.scheme)
    if found["port"] != "*" and (parts.port or usual) != int(found["port"] or usual or 0):
        return False
    path = found["path"] or "/"
    return path == "/" or (parts.path.startswith(path) if path.endswith("/") else parts.path == path)


def _scheme(named: str, asked: str) -> bool:
    return named == asked or (named, asked) == ("http", "https")
