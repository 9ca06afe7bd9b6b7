"""Other sites by their origin, as a browser tells them apart: scheme, host and port (RFC 6454)."""

import functools
import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import idna
from publicsuffixlist import PublicSuffixList

from funnel.relay import is_loopback

PORTS = {"https": 443, "http": 80}
ANY = "*."  # before a name: each of its subdomains
LONGEST = 300
# Where anybody can have a site, and the public suffix list does not say so.
SHARED = {"wordpress.com", "ghost.io", "squarespace.com", "wix.com", "substack.com", "medium.com", "tumblr.com"}
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def site(text: str) -> str:
    """The origin of a site that was typed: `https://example.org`, or `https://*.example.org` for all below a name.

    A page's whole address will do, and https:// may be left out. Raises ValueError with words to mend it by.
    """
    typed = text.strip().lower()
    if len(typed) > LONGEST:
        raise ValueError(f"“{typed[:40]}…” is longer than an address of a site")
    scheme, has_scheme, rest = typed.partition("://")
    if not has_scheme:
        scheme, rest = "https", typed
    if scheme not in PORTS:
        raise ValueError(f"“{text}” is not the address of a site, such as https://example.org")
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        port = parts.port
    except ValueError:
        raise ValueError(f"“{text}” is not the address of a site, such as https://example.org") from None
    if "@" in parts.netloc:
        raise ValueError(f"“{text}” holds the sign @: write the address of the site alone")
    host = _host(parts.hostname or "", text)
    if scheme == "http" and not is_loopback(host):
        raise ValueError(f"“{text}” begins with http://, where anybody on the way can change the page. Use https://")
    return written(scheme, host, port)


def written(scheme: str, host: str, port: int | None) -> str:
    """The origin as a browser writes it: without the port that the scheme has anyway."""
    named = f"[{host}]" if ":" in host else host
    return f"{scheme}://{named}" if port in {None, PORTS.get(scheme)} else f"{scheme}://{named}:{port}"


def of(url: str) -> str:
    """The origin of an address; '' when it has none."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in PORTS or not parts.hostname:
        return ""
    return written(parts.scheme, parts.hostname, port)


def covers(sites: Iterable[str], origin: str) -> bool:
    """Whether `origin` is one of `sites`, or below a name that stands there with a star."""
    return any(_is(one, origin) for one in sites)


def _is(one: str, origin: str) -> bool:
    if ANY not in one:
        return one == origin
    before, _, name = one.partition(ANY)
    host = origin.removeprefix(before)
    return origin.startswith(before) and host.endswith(f".{name}") and host != f".{name}"


def _host(host: str, typed: str) -> str:
    name = host.removeprefix(ANY)
    if "*" in name:
        raise ValueError(f"“{typed}”: a star may only stand at the front, as in https://*.example.org")
    if is_loopback(name) and name == host:
        return host
    try:
        ipaddress.ip_address(name)
    except ValueError:
        name = _name(name, typed)
    else:
        raise ValueError(f"“{typed}” is a number, not the name of a site")
    if name != host and (name in SHARED or _suffixes().publicsuffix(name) == name):
        raise ValueError(f"“{typed}”: anybody can have a site there, so name yours without the star")
    return f"{ANY}{name}" if host.startswith(ANY) else name


def _name(name: str, typed: str) -> str:
    try:
        plain = idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        plain = name
    labels = plain.split(".")
    if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdecimal():
        raise ValueError(f"“{typed}” is not the address of a site, such as https://example.org")
    return plain


@functools.cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
