"""How a page of the public web is connected to: each name looked up once, and only to an address that is public.

The address that was looked at is the one connected to, whatever the name’s owner answers a moment later (rebinding);
the name stays what the server is asked for and must prove (Host, SNI, certificate). All of it ends at one time.
"""

import ssl
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

import dns.exception
import dns.name
import dns.resolver
import httpcore

from funnel.relay import is_private

NAME_SECONDS = 3.0
TRIED = 3  # addresses of a name
GIVEN_OUT = (ip_network("2000::/3"), ip_network("64:ff9b::/96"))


class Refused(Exception):  # noqa: N818 (it names what was done)
    """The address is not asked. str() tells why."""


@dataclass(frozen=True)
class Net:
    """Whom names lead to, and who may be asked. Another one than PUBLIC is for tests alone."""

    addresses: Callable[[str, float], list[str]]
    is_open: Callable[[str], bool] = lambda address: _is_public(address)
    ports: Collection[int] = (80, 443)


def _is_public(address: str) -> bool:
    """Whether it is one of the public web: of IPv6 only what is given out (2000::/3), and IPv4 behind NAT64."""
    known = ip_address(address)
    return not is_private(address) and (known.version == 4 or any(known in network for network in GIVEN_OUT))


def looked_up(name: str, seconds: float) -> list[str]:
    """The addresses of a name, from the name servers alone: what this machine calls its neighbours is nobody's site."""
    try:
        found = dns.resolver.Resolver().resolve_name(dns.name.from_text(f"{name}."), lifetime=seconds)
    except (dns.exception.DNSException, UnicodeError):
        return []
    return list(found.addresses())


PUBLIC = Net(looked_up)


class Backend(httpcore.NetworkBackend):
    """The network of one look at a page, which ends at the time `ends` of time.monotonic()."""

    def __init__(self, net: Net, ends: float) -> None:
        self.net, self.ends = net, ends

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        if port not in self.net.ports:
            raise Refused(
                f"It leads to port {port}. Pages of sites are on port 80 or 443: leave out the colon and the number."
            )
        for address in (addresses := self._public(host)):
            try:
                return _Stream(httpcore.SyncBackend().connect_tcp(address, port, left(self.ends)), self.ends)
            except httpcore.ConnectError:
                if address == addresses[-1]:
                    raise
        raise AssertionError("a name without addresses is refused before")

    def _public(self, host: str) -> list[str]:
        """The addresses of `host`, all of them public. Raises Refused."""
        name = host.rstrip(".").lower()
        try:
            found = [str(ip_address(name))]
        except ValueError:
            if name.rpartition(".")[2][:1].isdecimal():  # 2130706433, 127.1, 0x7f.1: an address in disguise
                raise Refused("An address written as a number is not the name of a site. Type its name.") from None
            found = self.net.addresses(name, min(NAME_SECONDS, left(self.ends)))
        if not found:
            raise Refused(
                f"There is no site called {name}. Copy the address from your browser, where the page is open."
            )
        if not all(map(self.net.is_open, found)):
            why = f"{name} is in a private network. Only pages that everybody can open are looked at:"
            raise Refused(f"{why} publish it first, and type the address that your readers use.")
        return sorted(found, key=lambda address: ":" in address)[:TRIED]


class _Stream(httpcore.NetworkStream):
    """A connection on which nobody can keep us waiting by sending a sign now and then."""

    def __init__(self, inner: httpcore.NetworkStream, ends: float) -> None:
        self.inner, self.ends = inner, ends

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.inner.read(max_bytes, left(self.ends))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.inner.write(buffer, left(self.ends))

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self.inner.start_tls(ssl_context, server_hostname, left(self.ends)), self.ends)

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)


def left(ends: float) -> float:
    """Seconds until then. Raises httpcore.ReadTimeout when there are none."""
    seconds = ends - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout("the time is over")
    return seconds
