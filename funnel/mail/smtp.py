"""How a connection to a relay is opened: greeted, encrypted and signed in. No other module opens one.

aiosmtplib does that much; then the dialogue takes the connection over, and aiosmtplib reads nothing from it any more.
"""

import asyncio
import ipaddress
import os
import socket
import ssl
from collections.abc import Collection
from typing import Any, cast
from urllib.parse import urlsplit

import aiosmtplib

from funnel.config import bare
from funnel.mail.crew import Crew
from funnel.mail.dialogue import Dialogue
from funnel.mail.envelope import Offer
from funnel.mail.replies import Reply, Stage
from funnel.mail.trial import HIDDEN, IS_PRIVATE, Line, Part, Trial, Who
from funnel.mail.wire import Patience, plain
from funnel.relay import Relay, is_private

TRIAL_S = 20.0


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


async def tried(
    relay: Relay, sender: str, recipient: str, data: bytes = b"", trusted: Collection[Relay] | None = ()
) -> Trial:
    """Tries `relay` out up to where a mail would begin, or hands over `data`, and tells every line of it.

    It takes TRIAL_S at the most and raises nothing. A private address is only spoken to where one of `trusted` has it
    too; None: any is.
    """
    smtp = _Overheard(relay)
    try:
        async with asyncio.timeout(TRIAL_S):
            await smtp.connect(sock=await _line(relay, trusted), port=None)
            await smtp.ehlo()
            smtp.part = Part.ENCRYPTION
            await _secure(smtp, relay)
            smtp.part = Part.SIGN_IN
            await _sign_in(smtp, relay)
            smtp.part = Part.SENDER
            await smtp.mail(sender)
            smtp.part = Part.RECIPIENT
            await smtp.rcpt(recipient)
            smtp.part = Part.MAIL
            await (smtp.data(data) if data else smtp.rset())
            smtp.part = Part.DONE
            await smtp.quit()
    except _IsPrivate:
        return smtp.told(0, IS_PRIVATE)
    except aiosmtplib.SMTPResponseException as error:
        return smtp.told(max(error.code, 0), _text(error.message))
    except (OSError, aiosmtplib.SMTPException, ValueError) as error:
        return smtp.told(0, _said(error))
    finally:
        smtp.close()
    return smtp.told(0, "")


class _IsPrivate(Exception):  # noqa: N818 (it says what was found)
    pass


class _Overheard(aiosmtplib.SMTP):
    """Keeps what is said, but for the password and whatever it is made into."""

    def __init__(self, relay: Relay) -> None:
        super().__init__(
            hostname=relay.host, port=relay.port, use_tls=relay.tls, start_tls=False, validate_certs=relay.verify,
            local_hostname=_our_name(), timeout=None,
        )  # fmt: skip
        self.part = Part.CONNECTION
        self.lines: list[Line] = []
        self._secret = relay.password

    def told(self, code: int, text: str) -> Trial:
        return Trial(tuple(self.lines), self.part, code, self._hidden(text))

    async def connect(self, **options: Any) -> aiosmtplib.SMTPResponse:
        return self._hear(await super().connect(**options))

    async def execute_command(self, *args: bytes, **options: Any) -> aiosmtplib.SMTPResponse:
        words = [word.decode(errors="replace") for word in args]
        if self.part == Part.SIGN_IN:
            words = [*words[:2], HIDDEN] if words[0] == "AUTH" else [HIDDEN]
        self._say(" ".join(words))
        return self._hear(await super().execute_command(*args, **options))

    async def starttls(self, **options: Any) -> aiosmtplib.SMTPResponse:
        self._say("STARTTLS")
        response = self._hear(await super().starttls(**options))
        self.lines.append(Line(Who.NOBODY, "from here on encrypted"))
        return response

    async def data(self, message: str | bytes, **options: Any) -> aiosmtplib.SMTPResponse:
        self._say("DATA, and the test mail")
        return self._hear(await super().data(message, **options))

    def _say(self, words: str) -> None:
        self.lines.append(Line(Who.US, words))

    def _hear(self, response: aiosmtplib.SMTPResponse) -> aiosmtplib.SMTPResponse:
        for line in response.message.splitlines() or [""]:
            self.lines.append(Line(Who.SERVER, self._hidden(f"{response.code} {_text(line)}")))
        return response

    def _hidden(self, words: str) -> str:
        return words.replace(self._secret, HIDDEN) if self._secret else words


async def _line(relay: Relay, trusted: Collection[Relay] | None) -> socket.socket:
    """A socket that is connected to the very address that was looked at: asked anew, its name could lead elsewhere.

    Raises _IsPrivate for a name that leads into a private network: a page of ours is no way into it.
    """
    found = await _addresses(relay)
    if trusted is not None and any(is_private(place[0]) for _, place in found):
        ours = {place[0] for one in trusted for _, place in await _addresses(one)}
        if any(is_private(place[0]) and place[0] not in ours for _, place in found):
            raise _IsPrivate
    why: OSError = socket.gaierror(socket.EAI_NONAME, "the name has no address")
    for family, place in found:
        line = socket.socket(family, socket.SOCK_STREAM)
        line.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(line, place)
            return line
        except BaseException as error:
            line.close()
            if not isinstance(error, OSError):
                raise
            why = error
    raise why


async def _addresses(relay: Relay) -> list[tuple[int, Any]]:
    found = await asyncio.get_running_loop().getaddrinfo(relay.host, relay.port, type=socket.SOCK_STREAM)
    return [(family, place) for family, _, _, _, place in found]


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
    host = urlsplit(bare().base_url).hostname or "localhost"
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
