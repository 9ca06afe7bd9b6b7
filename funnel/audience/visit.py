"""Who visits, as far as we keep it: the network an address belongs to, and the browser's name."""

import ipaddress
from dataclasses import dataclass

IPV6_NETWORK_BITS = 64  # what one household gets, so that one visitor is counted once
LOOPBACK_IPV6 = "::/64"  # the network of ::1
TRUNCATED_BITS = {4: 24, 6: 48}  # coarse enough to name nobody, fine enough to be evidence


@dataclass(frozen=True)
class Visit:
    """One request. `network` is what `network_of` gives, empty when it is not known."""

    network: str
    agent: str


def network_of(ip: str) -> str:
    """The IPv4 address as it is, the /64 of an IPv6 address; '' for what is neither."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, IPV6_NETWORK_BITS), strict=False))
    return str(address)


def is_this_machine(network: str) -> bool:
    """Whether `network`, as `network_of` gives it, is loopback."""
    return network == LOOPBACK_IPV6 or network.startswith("127.")


def truncated(network: str) -> str:
    """`network` cut to a /24 of IPv4 or a /48 of IPv6, as a consent line keeps it; '' for ''."""
    if not network:
        return ""
    address = ipaddress.ip_address(network.partition("/")[0])
    return str(ipaddress.ip_network((address, TRUNCATED_BITS[address.version]), strict=False))
