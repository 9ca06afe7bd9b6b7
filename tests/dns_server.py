"""A name server on loopback that says what a test tells it to: records, no such name, or nothing at all."""

import socket
import threading
from types import TracebackType

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from funnel.audience import mail_server

SILENT = "silent"


class NameServer:
    """`zone`: by name, its records as {"MX": "10 mail."}, None for no such name, or SILENT. Asked, it counts."""

    def __init__(self, zone: dict[str, dict[str, str] | str | None]) -> None:
        self.zone = zone
        self.asked: list[str] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "NameServer":
        self.thread.start()
        resolver = mail_server._resolver()
        self.before = resolver.nameservers, resolver.port
        resolver.nameservers, resolver.port = ["127.0.0.1"], self.socket.getsockname()[1]
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        mail_server._resolver().nameservers, mail_server._resolver().port = self.before
        self.socket.close()

    def _serve(self) -> None:
        while True:
            try:
                wire, sender = self.socket.recvfrom(4096)
            except OSError:  # closed
                return
            question = dns.message.from_wire(wire)
            name = question.question[0].name.to_text(omit_final_dot=True)
            self.asked.append(name)
            known = self.zone.get(name)
            if known == SILENT:
                continue
            answer = dns.message.make_response(question)
            answer.flags |= dns.flags.RA
            if known is None:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            elif isinstance(known, dict):
                kind = dns.rdatatype.to_text(question.question[0].rdtype)
                if kind in known:
                    answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, known[kind]))
            else:
                answer.set_rcode(dns.rcode.SERVFAIL)
            self.socket.sendto(answer.to_wire(), sender)
