"""A page of another site as it comes over the net: looked at once, for some seconds and no more than it needs."""

import re
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
LOOK_YOURSELF = "Open it yourself in a private window, and look whether the form is there."
STATUSES = {
    401: "It asks for a password, so only you can see it. Publish it first.",
    403: f"Its site lets no programs look at its pages. {LOOK_YOURSELF}",
    404: "There is no page at this address. Look whether it is published, and copy its address from your browser.",
    410: "This page is gone, says its site. Copy the address of one that is there from your browser.",
    429: "Its site was asked too often. Try again in some minutes.",
}


NO_ADDRESS = (
    "This is not the address of a page, such as https://example.org/my-post. Open the page in your browser, and copy "
    "the address that stands above it."
)
_HOST = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+", re.IGNORECASE)


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
        raise Unreachable(f"{_led(first, url)}{error}") from error
    except httpcore.TimeoutException as error:
        words = f"It did not come within {SECONDS:.0f} seconds. Try again in a minute."
        raise Unreachable(f"{words} If it stays so, your readers wait as well: ask its host.") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError) as error:
        raise Unreachable(_why(error)) from error
    words = (
        f"It leads on more than {MOST_REDIRECTS} times. Open it in your browser, and copy the address where it ends."
    )
    raise Unreachable(words)


def _led(first: str, url: str) -> str:
    """Where an address leads on to, as it is not the one that was typed of which the rest is said."""
    return f"It leads on to {_host(url)}. " if _host(url) != _host(first) else ""


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
            raise Unreachable(STATUSES.get(answer.status, _answered(answer.status)))
        kind = "".join(page.header("content-type")[:1]).partition(";")[0].strip().lower()
        if kind not in HTML:
            what = f"This is no page but {kind or 'something that does not say what it is'}."
            raise Unreachable(f"{what} Type the address of the page where you put the form.")
        body, is_cut = _body(answer, "".join(page.header("content-encoding")[:1]).strip().lower())
    return FarPage(url, headers, body, is_cut, secure), ""


def _answered(status: int) -> str:
    words = f"Its site answered {status} instead of the page. Open it in your browser:"
    return f"{words} if it does not come there either, ask its host; if it does, try again in some minutes."


def _body(answer: httpcore.Response, packed: str) -> tuple[bytes, bool]:
    """What the page holds, up to MOST_BYTES, unpacked or not; and whether there is more."""
    if packed not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise Unreachable(f"Its site sends the page packed in a way that was not asked for. {LOOK_YOURSELF}")
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
        raise Unreachable(NO_ADDRESS) from None
    is_named = bool(_HOST.fullmatch(named))
    if parts.scheme not in origins.PORTS or not is_named or len(text) > LONGEST or "@" in parts.netloc:
        raise Unreachable(NO_ADDRESS)
    place = origins.written(parts.scheme, named, port).partition("://")[2]
    return urlunsplit((parts.scheme, place, quote(parts.path or "/", SAFE), quote(parts.query, f"{SAFE}?"), ""))


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _why(error: Exception) -> str:
    if any(isinstance(one, ssl.SSLError) or "certificate" in str(one).lower() for one in (error, error.__cause__)):
        return "Its certificate is not valid, so browsers warn everybody who opens it. Ask its host to mend that."
    return (
        "Its site cannot be reached. Look whether the page opens in your browser: if it does not, ask its host; if it "
        "does, try again in a minute."
    )
