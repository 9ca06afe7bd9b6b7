"""One mail server that takes our mail, as SMTP_URL describes it."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

OPTIONS = ("starttls", "verify", "pool", "share", "rate", "day", "warmup")
NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052
NAMES_AT_HOME = (".local", ".internal", ".lan", ".home.arpa", ".localdomain", ".localhost")


@dataclass(frozen=True)
class Relay:
    """A mail submission server (RFC 6409)."""

    host: str
    port: int
    username: str = ""
    password: str = ""
    tls: bool = False  # implicit TLS, RFC 8314
    starttls: str = "offered"  # offered: when the server has it · required · never
    verify: bool = True  # its certificate
    pool: int = 4  # connections a sending process
    share: int = 1  # of the mails, against the other relays' shares
    rate: float | None = None  # mails a second, by all workers together
    day: int | None = None  # mails a day, UTC, by all workers together
    warmup: int | None = None  # mails on the first day; each day half as much again, up to `day`

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def on_loopback(self) -> bool:
        return is_loopback(self.host)


def parse(url: str) -> Relay:
    """The relay that one URL describes. Raises ValueError, saying what is wrong with it."""
    # The URL holds a password, so no message may repeat it.
    try:
        parts, port = urlsplit(url), urlsplit(url).port
    except ValueError:
        raise ValueError("an address in it has no proper host or port. In a password, write / as %2F") from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("an address in it does not start with smtp:// or smtps:// and a host")
    query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    if unknown := set(query) - set(OPTIONS):
        known = f"{', '.join(OPTIONS[:-1])} and {OPTIONS[-1]}"
        raise ValueError(f"“{min(unknown)}” is not an option of it; {known} are")
    tls = parts.scheme == "smtps"
    return Relay(
        host=parts.hostname,
        port=port or (465 if tls else 587),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=tls,
        starttls=_starttls(query),
        verify=_verify(query, parts.hostname),
        **_sizes(query),
        rate=_rate(query),
        **_daily(query),
    )


def spelled(host: str, port: str, username: str, password: str, encryption: str, options: dict[str, str]) -> str:
    """The URL that says this of a relay, for `parse`, which checks it. `encryption`: tls, or what starttls takes."""
    sign_in = f"{quote(username, safe='')}:{quote(password, safe='')}@" if username else ""
    place = f"[{host}]" if ":" in host else quote(host, safe=".-_")
    starttls = {"starttls": encryption} if encryption not in {"tls", "offered"} else {}
    query = urlencode({**starttls, **{name: value for name, value in options.items() if value}})
    at = f":{quote(port, safe='')}" if port else ""
    return f"{'smtps' if encryption == 'tls' else 'smtp'}://{sign_in}{place}{at}" + (f"?{query}" if query else "")


def _starttls(query: dict[str, str]) -> str:
    starttls = query.get("starttls", "offered")
    if starttls not in {"offered", "required", "never"}:
        raise ValueError("starttls takes required or never")
    return starttls


def _verify(query: dict[str, str], host: str) -> bool:
    if "verify" not in query:
        return True
    if query["verify"] != "never":
        raise ValueError("verify takes never; leave it out to have the certificate verified")
    if not is_private(host):
        raise ValueError(
            "verify=never is for a mail server on this machine or in a private network: over the internet, anybody "
            "between could read the mails and the password. Give the server a certificate for its name"
        )
    return False


def _sizes(query: dict[str, str]) -> dict[str, int]:
    given = {name: query[name] for name in ("pool", "share") if name in query}
    if not all(re.fullmatch(r"[1-9]\d{0,3}", number, re.ASCII) for number in given.values()):
        raise ValueError("pool and share take a whole number from 1 to 9999")
    return {name: int(number) for name, number in given.items()}


def _rate(query: dict[str, str]) -> float | None:
    if "rate" not in query:
        return None
    if not re.fullmatch(r"\d{1,5}(\.\d{1,3})?", query["rate"], re.ASCII) or not float(query["rate"]):
        raise ValueError("rate takes mails a second, such as 10, or 0.5 for one in two seconds")
    return float(query["rate"])


def _daily(query: dict[str, str]) -> dict[str, int]:
    given: dict[str, str] = {name: query[name] for name in ("day", "warmup") if name in query}
    if not all(re.fullmatch(r"[1-9]\d{0,8}", number, re.ASCII) for number in given.values()):
        raise ValueError("day and warmup take a whole number of mails, such as 500")
    found: dict[str, int] = {name: int(number) for name, number in given.items()}
    if len(found) == len(("day", "warmup")) and found["warmup"] > found["day"]:
        raise ValueError("warmup, the mails of the first day, is more than day, those of every day. Make it less")
    return found


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine and no other."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_private(host: str) -> bool:
    """Whether `host` is this machine or in a network of one's own: no public address, or a name of no domain.

    An address that only wraps another (mapped, NAT64, 6to4, Teredo) leads to that one, and is as private as it is.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return "." not in host or host.endswith(NAMES_AT_HOME)
    return not all(one.is_global and not one.is_multicast for one in _led_to(address))


def _led_to(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[Any]:
    if address.version == 4:
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]  # the same thing, written otherwise
    found = [address, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in found if one is not None]
