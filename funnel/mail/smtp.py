"""The mail socket: one connection to one relay, one mail at a time (RFC 5321). No other module speaks to a mail server.

It always knows on which side of the final dot a failure fell: until the dot was handed to the kernel the mail was not
taken; after that, only an answer tells.
"""

import contextlib
import ipaddress
import smtplib
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from funnel.config import settings
from funnel.mail.encoding import Unsendable, stuffed
from funnel.mail.render import Outgoing
from funnel.mail.replies import CLOSING, Reply, Stage
from funnel.relay import Relay

BROKEN = (OSError, smtplib.SMTPException, ValueError)  # ValueError: an answer that is no SMTP, or not ASCII


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds. Those of the transaction are RFC 5321 §4.5.3.2's."""

    connect: float = 60  # to the greeting: a relay of our own that takes longer is away
    command: float = 300
    data: float = 120
    block: float = 180
    dot: float = 600
    quit: float = 2


class Refused(Exception):  # noqa: N818 (it says what happened)
    """The relay could not be reached or did not let us in; `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.words)
        self.reply = reply


class Connection:
    """An open connection to `relay`. Raises Refused when it cannot be opened, encrypted or signed in as asked."""

    def __init__(self, relay: Relay, patience: Patience) -> None:
        self.relay = relay
        self.patience = patience
        self.open = False
        self.used = False  # something was sent over it, so that the server may have closed it since
        try:
            self._smtp = self._greeted()
        except smtplib.SMTPResponseException as error:
            raise Refused(Reply(Stage.CONNECT, error.smtp_code, _text(error.smtp_error))) from None
        except BROKEN as error:
            raise Refused(Reply(Stage.CONNECT, 0, _said(error))) from None
        self.open = True

    def send(self, mail: Outgoing) -> Reply:
        """Hands one mail over and returns the answer that decides; never raises for what a server or network does.

        Raises Unsendable when this relay cannot take such an address. After `open` has become False, use another.
        """
        options = self._options(mail)
        self.used = True
        stage = Stage.MAIL
        try:
            reply = self._command(stage, f"MAIL FROM:<{mail.sender}>{options}", self.patience.command)
            if reply.code == 250:
                stage = Stage.RCPT
                reply = self._command(stage, f"RCPT TO:<{mail.recipient}>", self.patience.command)
            if stage == Stage.RCPT and reply.code in {250, 251}:
                stage = Stage.DATA
                reply = self._command(stage, "DATA", self.patience.data)
            if stage == Stage.DATA and reply.code == 354:
                self._socket(self.patience.block).sendall(stuffed(mail.data))
                stage = Stage.DOT
                reply = self._answer(stage, self.patience.dot)
            self._tidy(reply)
        except BROKEN as error:
            self.open = False
            self._smtp.close()  # without a QUIT, which might be read as a line of the mail
            reply = Reply(stage, 0, _said(error))
        return reply

    def close(self) -> None:
        """Says goodbye and closes. May be called again."""
        if self.open:
            self.open = False
            with contextlib.suppress(*BROKEN):
                self._socket(self.patience.quit)
                self._smtp.quit()
        self._smtp.close()

    def _greeted(self) -> smtplib.SMTP:
        """Connected, encrypted and signed in."""
        host, port, wait, name = self.relay.host, self.relay.port, self.patience.connect, _our_name()
        smtp: smtplib.SMTP
        if self.relay.tls:
            smtp = smtplib.SMTP_SSL(host, port, name, timeout=wait, context=ssl.create_default_context())
        else:
            smtp = smtplib.SMTP(host, port, name, timeout=wait)
        try:
            assert smtp.sock
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _expect(smtp.ehlo())
            self._secure(smtp)
            self._sign_in(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _secure(self, smtp: smtplib.SMTP) -> None:
        offered = smtp.has_extn("starttls")
        if self.relay.tls or self.relay.starttls == "never" or not (offered or self.relay.starttls == "required"):
            return
        if not offered:
            raise smtplib.SMTPNotSupportedError("the server offers no STARTTLS, and SMTP_URL requires it")
        _expect(smtp.starttls(context=ssl.create_default_context()))
        _expect(smtp.ehlo())

    def _sign_in(self, smtp: smtplib.SMTP) -> None:
        if not self.relay.username:
            return
        if not isinstance(smtp.sock, ssl.SSLSocket) and self.relay.starttls != "never":
            # Whoever sits in between could have taken the offer of STARTTLS out.
            raise smtplib.SMTPNotSupportedError("the server offers no encryption, so the password is not sent to it")
        smtp.login(self.relay.username, self.relay.password)

    def _options(self, mail: Outgoing) -> str:
        """The parameters of MAIL FROM (RFC 1870, 6531). Raises Unsendable."""
        smtp = self._smtp
        utf8 = not (mail.sender.isascii() and mail.recipient.isascii())
        if utf8 and not smtp.has_extn("smtputf8"):
            raise Unsendable("the address has letters beyond ASCII, and the mail server cannot take such addresses")
        smtp.command_encoding = "utf-8" if utf8 else "ascii"
        size = f" SIZE={len(mail.data)}" if smtp.has_extn("size") else ""
        limit = smtp.esmtp_features.get("size", "")
        if limit.isdigit() and 0 < int(limit) < len(mail.data):
            raise Unsendable(f"the mail is larger than the {int(limit) // 1000} kB that the mail server takes")
        return size + (" BODY=8BITMIME SMTPUTF8" if utf8 else "")

    def _command(self, stage: Stage, line: str, wait: float) -> Reply:
        self._smtp.putcmd(line)
        return self._answer(stage, wait)

    def _answer(self, stage: Stage, wait: float) -> Reply:
        self._socket(wait)
        code, text = self._smtp.getreply()
        if code < 200:
            raise smtplib.SMTPServerDisconnected(f"it gave an answer that is none: {code}")
        return Reply(stage, code, _text(text))

    def _tidy(self, reply: Reply) -> None:
        """Makes the connection ready for the next mail; closes it when the server said it would, or is out of step."""
        taken = reply.stage == Stage.DOT and reply.code < 300
        if reply.code == CLOSING or (reply.code < 400 and not taken):
            self.close()
        elif reply.stage != Stage.DOT:
            try:
                _expect(self._smtp.rset())
            except BROKEN:
                self.close()

    def _socket(self, wait: float) -> socket.socket:
        """The socket, on which nothing takes longer than `wait`."""
        if self._smtp.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        self._smtp.sock.settimeout(wait)
        return self._smtp.sock


def _expect(answer: tuple[int, bytes]) -> None:
    code, text = answer
    if not 200 <= code < 300:
        raise smtplib.SMTPResponseException(code, text)


def _our_name() -> str:
    """What we call ourselves in EHLO: the host of BASE_URL, an address in brackets (RFC 5321 §4.1.3)."""
    host = urlsplit(settings().base_url).hostname or "localhost"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.encode("idna").decode()
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def _text(raw: bytes | str) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw


def _said(error: Exception) -> str:
    """What went wrong, in words that name no password and no address of a person."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {error.verify_message}"
    return (error.strerror if isinstance(error, OSError) else None) or f"{type(error).__name__}: {error}"
