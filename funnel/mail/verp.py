"""The envelope sender that names its message, so that a bounce can be told to it and cannot be forged (VERP).

`bounces@example.org` becomes `bounces+<token>@example.org`. Relays on the way may change the case of a local part, so
the token, which knows case, is written in hexadecimal.
"""

from collections.abc import Callable

from funnel import tokens
from funnel.config import Settings, settings
from funnel.mail.encoding import wire_address
from funnel.tokens import BadToken, Purpose

MARK = "+"


def sender(message_id: int) -> str:
    """The envelope sender of a message; MAIL_FROM when there is no BOUNCE_ADDRESS, as many relays insist on it."""
    return senders(settings())(tokens.packed(message_id))


def senders(known: Settings) -> Callable[[bytes], str]:
    """Makes the envelope senders of many messages: it is told each one's id, `tokens.packed`."""
    if not known.bounce_address:
        always = wire_address(known.mail_from)
        return lambda _: always
    local, _, domain = wire_address(known.bounce_address).rpartition("@")
    sign = tokens.signer(Purpose.VERP, bytes.hex)
    return lambda packed: f"{local}{MARK}{sign(packed)}@{domain}"


def read(address: str) -> int | None:
    """The id of the message whose envelope sender this was; None when it was none of ours."""
    coded = address.strip().strip("<>").rpartition("@")[0].rpartition(MARK)[2]
    try:
        numbers = tokens.read_signed(Purpose.VERP, bytes.fromhex(coded))
    except (ValueError, BadToken):
        return None
    return numbers[0] if len(numbers) == 1 else None
