"""The local catcher: a mail server on loopback that keeps every mail in the outbox and sends none on."""

import asyncio
import signal
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from funnel import config
from funnel.local import outbox

LARGEST_MAIL_BYTES = 35 * 1024 * 1024
HOST = "127.0.0.1"


class Catcher:
    """Takes what aiosmtpd hands over. Numbers go on where the last run ended."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for unfinished in folder.glob("*.new"):
            unfinished.unlink()
        self.folder = folder
        self.last = max(outbox.numbers(folder), default=0)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's)
        data = envelope.original_content or b""
        self.last += 1
        try:
            outbox.store(self.folder, self.last, envelope.mail_from or "", envelope.rcpt_tos, data)
        except OSError as error:
            print(f"a mail could not be kept: {error}", file=sys.stderr)
            return "452 4.3.1 The outbox could not keep it"
        return f"250 2.0.0 Caught as {self.last}"


async def listen(folder: Path, port: int) -> asyncio.Server:
    """Listens on loopback until the server is closed. Raises OSError when the port is taken."""
    catcher = Catcher(folder)

    def connection() -> SMTP:
        return SMTP(
            catcher,
            hostname="localhost",  # aiosmtpd would ask the network for a name
            data_size_limit=LARGEST_MAIL_BYTES,
            enable_SMTPUTF8=True,
            ident="Funnel's local outbox",
        )

    return await asyncio.get_running_loop().create_server(connection, HOST, port)


async def _serve(folder: Path, port: int) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    server = await listen(folder, port)
    await ended.wait()
    server.close()


def main() -> None:
    known = config.settings()
    asyncio.run(_serve(known.outbox_dir, known.relays[0].port))


if __name__ == "__main__":
    main()
