"""Whether a domain takes mail, as the DNS says: a name that does not exist, or a null MX (RFC 7505), takes none.

Anything but a plain answer within LONGEST_S is *unknown*. Nobody is refused because of a resolver's bad day.
"""

import functools
import logging

import dns.exception
import dns.name
import dns.resolver

from funnel.models.door import MailServer

LONGEST_S = 3.0  # for all questions about one domain

log = logging.getLogger(__name__)


def look(domain: str) -> MailServer:
    """Asks the DNS; takes LONGEST_S at most, so no transaction may be open meanwhile."""
    try:
        name = dns.name.from_text(domain, idna_codec=dns.name.IDNA_2008_Practical)
        return _asked(name)
    except dns.resolver.NXDOMAIN:
        return MailServer.NONE
    except (dns.exception.DNSException, UnicodeError, OSError) as error:
        log.info("the DNS did not say whether a domain takes mail: %s", type(error).__name__)
        return MailServer.UNKNOWN


def _asked(name: dns.name.Name) -> MailServer:
    asked = _resolver()
    try:
        found = [record.exchange for record in asked.resolve(name, "MX", lifetime=LONGEST_S / 2)]
        return MailServer.NONE if found == [dns.name.root] else MailServer.THERE
    except dns.resolver.NoAnswer:  # then the host itself takes it (RFC 5321 §5.1)
        for kind in ("A", "AAAA"):
            try:
                asked.resolve(name, kind, lifetime=LONGEST_S / 4)
                return MailServer.THERE
            except dns.resolver.NoAnswer:
                continue
    return MailServer.NONE


@functools.cache
def _resolver() -> dns.resolver.Resolver:
    return dns.resolver.Resolver()
