"""How text stands on the wire: quoted-printable in a body (RFC 2045 §6.7), encoded words in a header (RFC 2047)."""

import base64
import itertools
import re
import unicodedata

from email_validator import EmailNotValidError, validate_email

LINE_ROOM = 75  # a body line is 76 at most, and the last sign of it may be the soft break
HEADER_ROOM = 66  # of 78, with "Subject: " before it
WORD_BYTES = 39  # of UTF-8 in one encoded word, so that "Subject: " and it stay within 76
CRLF = b"\r\n"
FOLD = CRLF + b" "  # a header goes on in the next line
SOFT_BREAK = b"=" + CRLF
HIDDEN = {"Cc", "Cs", "Zl", "Zp"}  # controls, halves of signs, U+2028 and U+2029

_ALL_PLAIN = re.compile(r"[A-Za-z0-9!#$%()*+,/:;?@\[\]\\^_`{|}~.-]+").fullmatch  # stands as it is in a body

_LITERAL = {code: bytes([code]) for code in (9, 32, *range(33, 127)) if code != ord("=")}
_USUAL = re.compile(
    r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,20}"
)  # needs no closer look
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")


class Unsendable(Exception):  # noqa: N818 (it says what the mail is)
    """This mail cannot be written or handed over as it is. Its text tells the owner why."""


def quoted_printable(text: str) -> bytes:
    """`text`, its lines ended by \\n, in lines of 76 at most ended by CRLF. It begins at a line's start.

    No line begins with a dot, so that there is none to be doubled on the wire (RFC 5321 §4.5.2); none begins with
    "From ", before which some mailboxes put a ">"; none ends in a space.
    """
    return CRLF.join(_folded(line) for line in text.split("\n"))


def stuffed(data: bytes) -> bytes:
    """`data` as it goes over the wire: every line ended by CRLF, leading dots doubled, the final dot at the end."""
    if data.count(b"\n") != data.count(CRLF) or data.count(b"\r") != data.count(CRLF):
        data = re.sub(rb"\r\n?|\n", CRLF, data)
    if data.startswith(b"."):
        data = b"." + data
    data = data.replace(b"\r\n.", b"\r\n..")
    return data + (b"" if data.endswith(CRLF) else CRLF) + b".\r\n"


def header_text(text: str) -> bytes:
    """`text` as an unstructured header's value, folded. Raises Unsendable for a hidden sign such as a line break."""
    # What can be printed hides nothing; the rest, such as the joiner in many an emoji, needs a closer look.
    if not text.isprintable() and (bad := next((s for s in text if unicodedata.category(s) in HIDDEN), None)):
        raise Unsendable(f"a header would hold a hidden sign (U+{ord(bad):04X})")
    if text.isascii() and "=?" not in text and text == text.strip():
        return text.encode() if len(text) <= HEADER_ROOM else _wrapped(text)
    return _encoded(text)


def phrase(name: str) -> bytes:
    """A display name (RFC 5322 §3.2.5), quoted or encoded where it must be. Raises Unsendable as `header_text` does.

    Only the words that need it are encoded: some readers put a space between two encoded words in a name.
    """
    whole = header_text(name)
    if whole == name.encode():
        return whole if _ATOMS.fullmatch(name) else b'"' + re.sub(rb'(["\\])', rb"\\\1", whole) + b'"'
    words: list[bytes] = []
    for plain, run in itertools.groupby(name.split(" "), _stands_plain):
        several = list(run)
        words += [word.encode() for word in several] if plain else [_encoded(" ".join(several))]
    return (b" " if sum(map(len, words)) + len(words) < HEADER_ROOM else FOLD).join(words)


def mailbox(name: str, address: str) -> bytes:
    """A display name and an address, as From holds them (RFC 5322 §3.4)."""
    words, bare = phrase(name), b"<" + address_text(address) + b">"
    return words + (b" " if len(words) + len(bare) < HEADER_ROOM else FOLD) + bare


def address_text(address: str) -> bytes:
    """A bare address with its domain in ASCII. Raises Unsendable for what is not an address."""
    return wire_address(address).encode()


def wire_address(address: str) -> str:
    """`address` as SMTP takes it: the domain in ASCII; the local part may need SMTPUTF8. Raises Unsendable."""
    if _USUAL.fullmatch(address):
        return address
    try:
        found = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise Unsendable("the address is not a mail address") from None
    return f"{found.local_part}@{found.ascii_domain}"


def token_text(text: str) -> bytes:
    """A value we made ourselves that stands in a header on one line. Raises Unsendable for anything but plain ASCII."""
    if not text.isascii() or not text.isprintable():
        raise Unsendable("a header would hold a sign that is not plain ASCII")
    return text.encode()


def plain(text: str) -> bytes:
    """A value we made ourselves that stands as it is, in a body too. Raises Unsendable where it would need encoding."""
    if not _ALL_PLAIN(text):
        raise Unsendable(f"“{text}” holds a sign that cannot stand in a mail as it is")
    return text.encode()


def _folded(line: str) -> bytes:
    signs = [_sign(sign) for sign in line]
    if signs and line[-1] in " \t":
        signs[-1] = b"=%02X" % ord(line[-1])
    rows: list[bytes] = []
    row: list[bytes] = []
    width = 0
    for at, sign in enumerate(signs):
        if width + len(sign) > LINE_ROOM:
            rows.append(b"".join(row))
            row, width = [], 0
        if not width and (sign == b"." or line.startswith("From ", at)):
            sign = b"=%02X" % ord(sign)
        row.append(sign)
        width += len(sign)
    return SOFT_BREAK.join([*rows, b"".join(row)])


def _sign(sign: str) -> bytes:
    return _LITERAL.get(ord(sign)) or b"".join(b"=%02X" % byte for byte in sign.encode("utf-8", "replace"))


def _stands_plain(word: str) -> bool:
    return len(word) < HEADER_ROOM and bool(_ATOMS.fullmatch(word)) and "=?" not in word


def _wrapped(text: str) -> bytes:
    """ASCII words folded between two of them (RFC 5322 §2.2.3); encoded where that cannot be told from the words."""
    rows: list[str] = []
    for word in text.split(" "):
        if not word or len(word) > HEADER_ROOM:
            return _encoded(text)
        if rows and len(rows[-1]) + 1 + len(word) <= HEADER_ROOM:
            rows[-1] += f" {word}"
        else:
            rows.append(word)
    return FOLD.join(row.encode() for row in rows)


def _encoded(text: str) -> bytes:
    return FOLD.join(b"=?utf-8?b?" + base64.b64encode(word) + b"?=" for word in _words(text))


def _words(text: str) -> list[bytes]:
    """`text` as UTF-8 in runs short enough for an encoded word, no sign cut in two."""
    raw = text.encode()
    words = []
    start = 0
    while len(raw) - start > WORD_BYTES:
        end = start + WORD_BYTES
        while raw[end] & 0xC0 == 0x80:  # the sign before it goes on
            end -= 1
        words.append(raw[start:end])
        start = end
    return [*words, raw[start:]]
