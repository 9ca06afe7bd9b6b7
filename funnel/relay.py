"""One mail server that takes our mail, as SMTP_URL describes it."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Relay:
    """A mail submission server (RFC 6409)."""

    host: str
    port: int
    username: str = ""
    password: str = ""
    tls: bool = False  # implicit TLS, RFC 8314
    starttls: str = "offered"  # offered: when the server has it · required · never
    pool: int = 1
    share: int = 1

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
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if unknown := set(query) - {"starttls", "pool", "share"}:
        raise ValueError(f"“{min(unknown)}” is not an option of it; starttls, pool and share are")
    starttls = query.get("starttls", "offered")
    if starttls not in {"offered", "required", "never"}:
        raise ValueError("starttls takes required or never")
    numbers = {name: query.get(name, "1") for name in ("pool", "share")}
    if not all(re.fullmatch(r"[1-9]\d{0,3}", number) for number in numbers.values()):
        raise ValueError("pool and share take a whole number from 1 to 9999")
    tls = parts.scheme == "smtps"
    return Relay(
        host=parts.hostname,
        port=port or (465 if tls else 587),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=tls,
        starttls=starttls,
        pool=int(numbers["pool"]),
        share=int(numbers["share"]),
    )


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine and no other."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
