"""The envelope of a mail, as a server takes it that said at EHLO what it can do."""

from funnel.mail.crew import Job
from funnel.mail.encoding import Unsendable

BEYOND_ASCII = "the address has letters beyond ASCII, and the mail server cannot take such addresses"


class Offer:
    """What a server offers. `extensions`: the lines of its answer to EHLO, by name in small letters."""

    def __init__(self, extensions: dict[str, str]) -> None:
        self.pipelining = "pipelining" in extensions  # RFC 2920
        self.utf8 = "smtputf8" in extensions  # RFC 6531
        self.sized = "size" in extensions  # RFC 1870
        limit = extensions.get("size", "")
        self.largest = int(limit) if limit.isascii() and limit.isdigit() else 0  # 0: it tells no limit

    def envelope(self, job: Job) -> bytes:
        """MAIL, RCPT and DATA, a line each. Raises Unsendable when this server cannot take such a mail."""
        sender, recipient, size = job.sender, job.recipient, len(job.data)
        if not (sender.isprintable() and recipient.isprintable()):
            raise Unsendable("the address holds a hidden sign")
        if 0 < self.largest < size:
            raise Unsendable(f"the mail is larger than the {self.largest // 1000} kB that the mail server takes")
        options = f" SIZE={size}" if self.sized else ""
        if not (sender.isascii() and recipient.isascii()):
            if not self.utf8:
                raise Unsendable(BEYOND_ASCII)
            options += " BODY=8BITMIME SMTPUTF8"
        return f"MAIL FROM:<{sender}>{options}\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode()
