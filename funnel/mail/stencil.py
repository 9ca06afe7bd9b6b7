"""The stencil: a whole mail built once, cut at its slots, filled for each person by one join.

What stands still is already encoded as it leaves. A slot in a body begins at a line's start, behind a soft break, so
that what is put in cannot make a line of its neighbours too long; a slot in a header is the header's whole value.
The transport doubles leading dots.
"""

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from hashlib import blake2b
from typing import TypeAlias

from funnel.mail.encoding import CRLF, SOFT_BREAK, Unsendable, quoted_printable
from funnel.mail.pieces import Pieces, filled
from funnel.programme.merge import Tag

TARGET_BYTES = 60_000
LARGEST_BYTES = 95_000  # Gmail cuts a mail off at 102 kB, and the way out with it

_SAMPLE = "sample"  # stands in every slot when a new stencil is checked
_PART = b"Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"


@dataclass(frozen=True)
class Slot:
    """A place for what differs from person to person, and how it is encoded where it stands."""

    parts: Pieces
    encode: Callable[[str], bytes]

    def fill(self, values: Mapping[str, str]) -> bytes:
        return self.encode(filled(self.parts, values))


Cuts: TypeAlias = tuple[bytes | Slot, ...]
Header: TypeAlias = tuple[str, bytes | Slot]


class Stencil:
    """A mail ready to be filled. `names`: every value it asks for."""

    def __init__(self, cuts: Cuts) -> None:
        self._still: list[bytes] = [b"" if isinstance(cut, Slot) else cut for cut in cuts]
        self._slots = [(place, cut) for place, cut in enumerate(cuts) if isinstance(cut, Slot)]
        self.names = {part.name for _, slot in self._slots for part in slot.parts if isinstance(part, Tag)}

    def fill(self, values: Mapping[str, str]) -> bytes:
        """The mail with `values` in its slots, lines ended by CRLF.

        Raises Unsendable for a value that cannot stand where it would, and for a mail above LARGEST_BYTES.
        """
        out = self._still.copy()
        try:
            for place, slot in self._slots:
                out[place] = slot.fill(values)
        except KeyError as missing:
            raise Unsendable(f"the tag {missing.args[0]} has no value in this mail: take it out") from None
        data = b"".join(out)
        if len(data) > LARGEST_BYTES:
            raise Unsendable(f"the mail is {len(data) // 1000} kB, and Gmail would cut it off: shorten it")
        return data


def cut(headers: list[Header], text: Pieces, page: Pieces) -> Stencil:
    """The stencil of a mail with `headers` in this order, a text part and an HTML part.

    Raises Unsendable when what was built does not read back as exactly these headers and two parts.
    """
    fence = b"=_" + blake2b(repr((text, page)).encode(), digest_size=12).hexdigest().encode()  # not in quoted-printable
    kind = b'multipart/alternative; boundary="' + fence + b'"'
    headers = [*headers, ("MIME-Version", b"1.0"), ("Content-Type", kind)]
    cuts: list[bytes | Slot] = []
    for name, value in headers:
        cuts += [name.encode() + b": ", value, CRLF]
    cuts += [CRLF + b"--" + fence + CRLF + _PART % b"plain", *_body(text, quoted_printable)]
    cuts += [CRLF + b"--" + fence + CRLF + _PART % b"html", *_body(page, _escaped)]
    cuts += [CRLF + b"--" + fence + b"--" + CRLF]
    stencil = Stencil(_whole(cuts))
    _check(stencil, [name for name, _ in headers])
    return stencil


def _escaped(value: str) -> bytes:
    return quoted_printable(html.escape(value))


def _body(pieces: Pieces, encode: Callable[[str], bytes]) -> list[bytes | Slot]:
    """A part's pieces, encoded. Between a slot and its neighbour on the line stands a soft break."""
    cuts: list[bytes | Slot] = []
    at_line_start = True
    for number, piece in enumerate(pieces):
        if isinstance(piece, Tag):
            cuts += [b"" if at_line_start else SOFT_BREAK, Slot((piece,), encode)]
        else:
            after_slot = number > 0 and not piece.startswith("\n")
            cuts.append((SOFT_BREAK if after_slot else b"") + quoted_printable(piece))
        at_line_start = isinstance(piece, str) and piece.endswith("\n")
    return cuts


def _whole(cuts: list[bytes | Slot]) -> Cuts:
    """Neighbouring bytes made one, so that filling joins as few as can be."""
    whole: list[bytes | Slot] = []
    for piece in cuts:
        if isinstance(piece, bytes) and whole and isinstance(whole[-1], bytes):
            whole[-1] += piece
        else:
            whole.append(piece)
    return tuple(whole)


def _check(stencil: Stencil, names: list[str]) -> None:
    sample = dict.fromkeys(stencil.names, _SAMPLE) | {"to": f"{_SAMPLE}@example.org"}
    mail = BytesParser(policy=policy.default).parsebytes(stencil.fill(sample))
    parts = [part.get_content_type() for part in mail.iter_parts()]
    if mail.keys() != names or parts != ["text/plain", "text/html"]:
        raise Unsendable(f"its headers do not read back as they were written: {', '.join(mail.keys())}")
