"""How a connection to a relay is opened: greeted, encrypted and signed in. No other module opens one.

aiosmtplib does that much; then the dialogue takes the connection over, and aiosmtplib reads nothing from it any more.
"""

import asyncio
import ipaddress
import os
import socket
import ssl
from typing import cast
from urllib.parse import urlsplit

import aiosmtplib

from funnel.config import settings
from funnel.mail.crew import Crew
from funnel.mail.dialogue import Dialogue
from funnel.mail.envelope import Offer
from funnel.mail.replies import Reply, Stage
from funnel.mail.wire import Patience, plain
from funnel.relay import Relay


class Refused(Exception):  # noqa: N818 (it says what happened)
    """The relay could not be reached or did not let us in; `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.words)
        self.reply = reply


async def opened(relay: Relay, patience: Patience, crew: Crew) -> Dialogue:
    """A connection to `relay`, idle. Raises Refused when it cannot be opened, encrypted or signed in as asked."""
    # A timeout of each step of aiosmtplib's own would add up; ours is for the whole.
    smtp = aiosmtplib.SMTP(
        hostname=relay.host, port=relay.port, use_tls=relay.tls, start_tls=False, validate_certs=relay.verify,
        local_hostname=_our_name(), timeout=None,
    )  # fmt: skip
    try:
        async with asyncio.timeout(patience.connect):
            await smtp.connect()
            await smtp.ehlo()
            await _secure(smtp, relay)
            await _sign_in(smtp, relay)
        return _taken_over(smtp, Dialogue(patience, crew, Offer(smtp.esmtp_extensions)))
    except aiosmtplib.SMTPResponseException as error:
        code = max(error.code, 0)  # aiosmtplib says -1 of an answer that is none
        raise Refused(Reply(Stage.CONNECT, code, _text(error.message))) from None
    except (OSError, aiosmtplib.SMTPException, ValueError) as error:  # ValueError: a name or answer that is none
        raise Refused(Reply(Stage.CONNECT, 0, _said(error))) from None
    finally:
        smtp.close()  # of what was taken over it knows nothing any more


def _taken_over(smtp: aiosmtplib.SMTP, dialogue: Dialogue) -> Dialogue:
    """From here on `dialogue` reads what comes in, and `smtp` has no connection."""
    transport, protocol = cast(asyncio.Transport, smtp.transport), smtp.protocol
    if protocol is None or transport.is_closing():
        raise aiosmtplib.SMTPServerDisconnected("the server closed the connection")
    transport.set_protocol(dialogue)
    dialogue.connection_made(transport)
    if protocol._buffer:  # it came in one piece with the last answer, and nobody had asked
        dialogue.data_received(bytes(protocol._buffer))
    smtp.transport = smtp.protocol = None
    return dialogue


async def _secure(smtp: aiosmtplib.SMTP, relay: Relay) -> None:
    offered = smtp.supports_extension("starttls")
    if relay.tls or relay.starttls == "never" or not (offered or relay.starttls == "required"):
        return
    if not offered:
        raise aiosmtplib.SMTPNotSupported("the server offers no STARTTLS, and SMTP_URL requires it")
    await smtp.starttls()
    await smtp.ehlo()


async def _sign_in(smtp: aiosmtplib.SMTP, relay: Relay) -> None:
    if not relay.username:
        return
    if smtp.get_transport_info("sslcontext") is None and relay.starttls != "never":
        # Whoever sits in between could have taken the offer of STARTTLS out.
        raise aiosmtplib.SMTPNotSupported("the server offers no encryption, so the password is not sent to it")
    refused: aiosmtplib.SMTPException | None = None
    for method in smtp.supported_auth_methods:
        try:
            await getattr(smtp, f"auth_{method.replace('-', '')}")(relay.username, relay.password)
        except aiosmtplib.SMTPAuthenticationError as error:  # some offer what they do not take: the next one may do
            refused = error
        except aiosmtplib.SMTPServerDisconnected as error:
            raise refused or error from None  # what it said before it hung up
        else:
            return
    raise refused or aiosmtplib.SMTPNotSupported("the server lets nobody sign in by a password")


def _our_name() -> str:
    """What we call ourselves in EHLO: the host of BASE_URL, an address in brackets (RFC 5321 §4.1.3)."""
    host = urlsplit(settings().base_url).hostname or "localhost"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.encode("idna").decode()
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def _text(text: str) -> str:
    return plain(text.encode("utf-8", "surrogateescape"))


def _said(error: Exception) -> str:
    """What went wrong, in words that name no password and no address of a person."""
    cause = error.__cause__ or error
    if isinstance(error, TimeoutError) or isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {cause.verify_message}"
    if isinstance(cause, OSError) and cause.errno:
        own_words = isinstance(cause, ssl.SSLError | socket.gaierror)  # their numbers are not the system's
        return (own_words and cause.strerror) or os.strerror(cause.errno)
    return f"{type(error).__name__}: {error}"
