"""A trivial client that only writes: mails of one shape, many to a write, its answers merely counted.

It shows how many mails the sink takes, so that the sink is shown not to be what is measured. `python -m bench.blaster
<port> <mails> <bytes a mail>` ends when all were accepted.
"""

import asyncio
import itertools
import sys
from functools import partial
from typing import cast

import uvloop

HOST = "127.0.0.1"
CONNECTIONS = 4
BATCH = 32  # mails a write
LINES_A_MAIL = 4  # MAIL, RCPT, DATA and the dot are each answered with one
ENVELOPE = b"MAIL FROM:<bench@example.org>\r\nRCPT TO:<reader@example.org>\r\nDATA\r\n"


class Blast(asyncio.Protocol):
    def __init__(self, number: int, mails: int, size: int, done: "asyncio.Future[None]") -> None:
        self.ids = iter(f"{number}.{mail}".encode() for mail in range(mails))
        self.head = ENVELOPE + b"From: bench@example.org\r\nMessage-ID: <"
        tail = b"@bench.example.org>\r\nSubject: A mail\r\n\r\n"
        self.tail = tail + (b"x" * 76 + b"\r\n") * ((size - len(tail) - 60) // 78) + b"The end\r\n.\r\n"
        self.done = done
        self.awaited = 1  # the greeting; the sink does without EHLO

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.awaited -= data.count(b"\n")
        if self.awaited > 0:
            return
        batch = list(itertools.islice(self.ids, BATCH))
        if not batch:
            self.transport.close()
            self.done.set_result(None)
            return
        self.awaited = LINES_A_MAIL * len(batch)
        self.transport.write(b"".join(part for number in batch for part in (self.head, number, self.tail)))


async def main(port: int, mails: int, size: int) -> None:
    loop = asyncio.get_running_loop()
    done = [loop.create_future() for _ in range(CONNECTIONS)]
    for number, future in enumerate(done):
        share = mails // CONNECTIONS + (number < mails % CONNECTIONS)
        await loop.create_connection(partial(Blast, number, share, size, future), HOST, port)
    await asyncio.gather(*done)


if __name__ == "__main__":
    uvloop.run(main(*map(int, sys.argv[1:])))
