"""The envelope sender that names its message, so that a bounce can be told to it and cannot be forged (VERP).

`bounces@example.org` becomes `bounces+<token>@example.org`. Relays on the way may change the case of a local part, so
the token, which knows case, is written in base32.
"""

import base64

from funnel import tokens
from funnel.config import settings
from funnel.mail.encoding import wire_address
from funnel.tokens import BadToken, Purpose

MARK = "+"


def sender(message_id: int) -> str:
    """The envelope sender of a message; MAIL_FROM when there is no BOUNCE_ADDRESS, as many relays insist on it."""
    known = settings()
    if not known.bounce_address:
        return wire_address(known.mail_from)
    local, _, domain = wire_address(known.bounce_address).rpartition("@")
    token = tokens.sign(Purpose.VERP, message_id)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    return f"{local}{MARK}{base64.b32encode(raw).decode().rstrip('=').lower()}@{domain}"


def read(address: str) -> int | None:
    """The id of the message whose envelope sender this was; None when it was none of ours."""
    coded = address.strip().strip("<>").rpartition("@")[0].rpartition(MARK)[2].upper()
    try:
        raw = base64.b32decode(coded + "=" * (-len(coded) % 8))
        numbers = tokens.read(Purpose.VERP, base64.urlsafe_b64encode(raw).decode().rstrip("="))
    except (ValueError, BadToken):
        return None
    return numbers[0] if len(numbers) == 1 else None
