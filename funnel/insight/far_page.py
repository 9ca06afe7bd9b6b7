"""A page of another site as it comes over the net: looked at once, for some seconds and no more than it needs."""

import ssl
import time
import zlib
from dataclasses import dataclass, replace
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import httpcore
import idna

from funnel import origins
from funnel.config import settings
from funnel.insight import far_net
from funnel.insight.far_net import Backend, Net, Refused

MOST_BYTES = 2_000_000
MOST_REDIRECTS = 5
SECONDS = 10.0
LONGEST = 2000
SAFE = "/%:@!$&'()*+,;=~-._"
REDIRECTS = {301, 302, 303, 307, 308}
HTML = ("text/html", "application/xhtml+xml")
STATUSES = {
    401: "It asks for a password, so only you can see it. Publish it first.",
    403: "Its site lets no programs look at its pages. Open it yourself and look whether the form is there.",
    404: "There is no page at this address. Look whether it is published.",
    410: "This page is gone, says its site.",
    429: "Its site was asked too often. Try again in some minutes.",
}


class Unreachable(Exception):  # noqa: N818 (it names what the page is)
    """The page cannot be looked at. str() tells why, and what to do."""


@dataclass(frozen=True)
class FarPage:
    """`headers` with small letters, as they came; `was_secure`: no step on the way was without https."""

    url: str
    headers: tuple[tuple[str, str], ...]
    html: bytes
    is_cut: bool = False
    was_secure: bool = True
    asked: str = ""  # the address that was typed, when it led on to this one

    @property
    def origin(self) -> str:
        return origins.of(self.url)

    @property
    def asked_origin(self) -> str:
        return origins.of(self.asked or self.url)

    def header(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known == name]


def fetch(typed: str, net: Net | None = None) -> FarPage:
    """The page at that address, wherever it leads on to, within SECONDS. Raises Unreachable."""
    ends = time.monotonic() + SECONDS
    url = first = _tidy(typed)
    secure = True
    backend = Backend(net or far_net.PUBLIC, ends)
    try:
        with httpcore.ConnectionPool(network_backend=backend, max_connections=1) as pool:
            for _ in range(MOST_REDIRECTS + 1):
                secure = secure and url.startswith("https://")
                found, onward = _asked(pool, url, ends, secure)
                if found:
                    return replace(found, asked=first)
                url = _tidy(urljoin(url, onward))
    except Refused as error:
        raise Unreachable(str(error)) from error
    except httpcore.TimeoutException as error:
        raise Unreachable(f"It did not come within {SECONDS:.0f} seconds. Try again in a minute.") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError) as error:
        raise Unreachable(_why(error)) from error
    raise Unreachable(f"It leads on more than {MOST_REDIRECTS} times. Type the address where it ends.")


def _asked(pool: httpcore.ConnectionPool, url: str, ends: float, secure: bool) -> tuple[FarPage | None, str]:
    """The page, or where it leads on to."""
    agent = f"Mozilla/5.0 (compatible; Funnel; looks for its own form; +{settings().base_url})"
    asked = [("User-Agent", agent), ("Accept", "text/html"), ("Accept-Encoding", "identity"), ("Connection", "close")]
    limit = dict.fromkeys(("connect", "read", "write", "pool"), far_net.left(ends))
    with pool.stream("GET", url, headers=[("Host", _host(url)), *asked], extensions={"timeout": limit}) as answer:
        headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in answer.headers)
        page = FarPage(url, headers, b"", was_secure=secure)
        if answer.status in REDIRECTS and page.header("location"):
            return None, page.header("location")[0]
        if answer.status != 200:
            raise Unreachable(STATUSES.get(answer.status, f"Its site answered {answer.status} instead of the page."))
        kind = "".join(page.header("content-type")[:1]).partition(";")[0].strip().lower()
        if kind not in HTML:
            raise Unreachable(f"This is no page but {kind or 'something that does not say what it is'}.")
        body, is_cut = _body(answer, "".join(page.header("content-encoding")[:1]).strip().lower())
    return FarPage(url, headers, body, is_cut, secure), ""


def _body(answer: httpcore.Response, packed: str) -> tuple[bytes, bool]:
    """What the page holds, up to MOST_BYTES, unpacked or not; and whether there is more."""
    if packed not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise Unreachable("Its site sends the page packed in a way that was not asked for.")
    unpack = zlib.decompressobj(47) if packed not in {"", "identity"} else None
    body = b""
    for part in answer.iter_stream():
        try:
            body += unpack.decompress(part, MOST_BYTES + 1) if unpack else part
        except zlib.error as error:
            raise Unreachable("The page came broken. Try again in a minute.") from error
        if len(body) > MOST_BYTES:
            return body[:MOST_BYTES], True
    return body, False


def _tidy(typed: str) -> str:
    """The address as it is asked for; https:// where nothing is said. Raises Unreachable."""
    text = typed.strip()
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").rstrip(".")
        named = host if ":" in host or host.isascii() else idna.encode(host, uts46=True).decode()
        port = parts.port
    except (ValueError, UnicodeError):
        raise Unreachable("This is not the address of a page, such as https://example.org/my-post.") from None
    if parts.scheme not in origins.PORTS or not named or len(text) > LONGEST or "@" in parts.netloc:
        raise Unreachable("This is not the address of a page, such as https://example.org/my-post.")
    place = origins.written(parts.scheme, named, port).partition("://")[2]
    return urlunsplit((parts.scheme, place, quote(parts.path or "/", SAFE), quote(parts.query, f"{SAFE}?"), ""))


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _why(error: Exception) -> str:
    if any(isinstance(one, ssl.SSLError) or "certificate" in str(one).lower() for one in (error, error.__cause__)):
        return "Its certificate is not valid, so browsers warn everybody who opens it. Its host can mend that."
    return "Its site cannot be reached. Look whether the page opens in your browser."
