"""How text stands on the wire: whatever it is, it reads back, in lines that every relay lets be."""

import quopri
import re
from email import policy
from email.parser import BytesParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from funnel.mail.encoding import (
    Unsendable,
    header_text,
    mailbox,
    plain,
    quoted_printable,
    stuffed,
    wire_address,
)
from tests.hard import SIGNS, WORDS, hard


def lines(data):
    return data.split(b"\r\n")


@settings(max_examples=200)
@given(SIGNS)
@example("From me\n.\nFrom you ")
@example("x" * 75 + "From me")
@example("x" * 75 + ".y")
def test_quoted_printable_reads_back_any_text(text):
    text = text.replace("\r", "")
    encoded = quoted_printable(text)
    assert quopri.decodestring(encoded) == text.replace("\n", "\r\n").encode()
    assert encoded.isascii()
    assert all(len(line) <= 76 for line in lines(encoded))
    assert not re.search(rb"^\.|^From |[ \t]$", encoded, re.MULTILINE)


@settings(max_examples=200)
@given(st.binary(max_size=300))
@example(b".")
@example(b".\r.\n.\r\n..\n\r.")
def test_stuffing_ends_a_mail_once_and_reads_back(data):
    wire = stuffed(data)
    rows = lines(wire)
    assert rows[-2:] == [b".", b""]
    assert b"." not in rows[:-2]
    meant = re.sub(rb"\r\n?|\n", b"\r\n", data)
    meant += b"" if meant.endswith(b"\r\n") else b"\r\n"
    assert b"\r\n".join([line[line.startswith(b".") :] for line in rows[:-2]]) + b"\r\n" == meant


@hard
@settings(max_examples=200)
@given(WORDS)
@example("Alessandro · Remedial Soft Tissue Therapy")
@example('Quote "this" \\ and, that')
def test_a_display_name_reads_back_as_it_was_meant(name):
    data = b"From: " + mailbox(name.strip() or "x", "ada@example.org") + b"\r\n\r\n"
    (found,) = BytesParser(policy=policy.default).parsebytes(data)["From"].addresses
    assert found.addr_spec == "ada@example.org"
    # Python's own reader loses or adds spaces where words are encoded; the words are what counts.
    assert found.display_name.replace(" ", "") == (name.strip() or "x").replace(" ", "")
    assert all(len(line) <= 78 for line in lines(data))


@pytest.mark.parametrize("text", ["", "a b", "a=b", "a&b", "é", "a\r\nb"])
def test_what_would_need_encoding_is_refused_where_none_is_done(text):
    with pytest.raises(Unsendable, match="as it is"):
        plain(text)
    assert plain("x" * 300) == b"x" * 300


@hard
@given(WORDS)
@example("word " * 40)
@example("word  two spaces " * 9)
@example("w" * 67 + " word")
def test_a_subject_reads_back_as_it_was_meant(text):
    data = b"Subject: " + header_text(text) + b"\r\n\r\n"
    assert str(BytesParser(policy=policy.default).parsebytes(data)["Subject"]) == text
    assert all(len(line) <= 78 for line in lines(data))


def test_plain_words_are_folded_and_not_encoded():
    assert header_text("a word " * 12 + "end") == b"a word " * 9 + b"a\r\n word a word a word end"


@pytest.mark.parametrize("sign", ["\r", "\n", "\0", "\x7f", "\u2028", "\u2029", "\x85", "\ud800"])
def test_a_hidden_sign_is_refused_in_a_header(sign):
    for write in (header_text, lambda text: mailbox(text, "ada@example.org")):
        with pytest.raises(Unsendable, match="hidden sign"):
            write(f"Ada{sign}Bcc: eve@example.org")


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("ada@example.org", "ada@example.org"),
        ("Ada.Lovelace+x@mail.example.org", "Ada.Lovelace+x@mail.example.org"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("jörg@example.org", "jörg@example.org"),
        ("o'brien@example.org", "o'brien@example.org"),
    ],
)
def test_an_address_on_the_wire(address, wire):
    assert wire_address(address) == wire
