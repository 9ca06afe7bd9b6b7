"""The stencil: whatever a value is, the mail reads back as exactly the parts and headers that were meant."""

import random
import re
from email import policy
from email.parser import BytesParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from funnel.mail import stencil
from funnel.mail.encoding import Unsendable, address_text, header_text, mailbox, quoted_printable, stuffed, token_text
from funnel.mail.stencil import LARGEST_BYTES, Slot
from funnel.programme.merge import Tag

NAME = Tag("first_name", "there")
# Anything that the door lets through, and in bodies also what it does not.
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=300)
SIGNS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
HARD = [
    "", " ", "  Ada  ", ".", "..", "=", "==", "=?utf-8?q?a=0D=0ABcc:_x@example.org?=", "=?", "From me", "a" * 300,
    "😀" * 60, "שלום " * 40, "مرحبا", "é" * 200, "e\u0301" * 100, "a\u202eb", "<b>&amp;\"'", "{{ first_name }}",
    "x" * 76, "x" * 75 + ".", "ab cd " * 60, "\u200d\u200f", "-- ", "--=_", "\ufeff", "𝒜𝒹𝒶",
]  # fmt: skip


def a_stencil(before="Hello ", after=",\nwelcome.\n", subject=("", NAME, " and more")):
    headers = [
        ("From", b"A <a@example.org>"),
        ("To", Slot((Tag("to"),), address_text)),
        ("Subject", Slot(subject, header_text)),
        ("Message-ID", Slot((Tag("message_id"),), token_text)),
        ("List-Unsubscribe", Slot(("<", Tag("unsubscribe_link"), ">"), token_text)),
    ]
    return stencil.cut(headers, (before, NAME, after), (f"<p>{before}", NAME, f"{after}</p>\n"))


def values(name, **more):
    return {
        "to": "ada@example.org",
        "first_name": name,
        "message_id": "<1@example.org>",
        "unsubscribe_link": "https://example.org/unsubscribe/abc",
    } | more


def read(data):
    mail = BytesParser(policy=policy.default).parsebytes(data)
    text, page = (part.get_payload(decode=True).decode().replace("\r\n", "\n") for part in mail.iter_parts())
    return mail, text, page


def hard(test):
    for name in HARD:
        test = example(name)(test)
    return test


@hard
@settings(max_examples=200, deadline=None)
@given(WORDS)
def test_a_mail_reads_back_as_it_was_meant(name):
    data = a_stencil().fill(values(name))
    mail, text, page = read(data)
    shown = name if name.strip() else "there"
    assert text == f"Hello {shown},\nwelcome.\n"
    escaped = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert page == f"<p>Hello {escaped.replace(chr(34), '&quot;').replace(chr(39), '&#x27;')},\nwelcome.\n</p>\n"
    assert mail.keys() == [
        "From", "To", "Subject", "Message-ID", "List-Unsubscribe", "MIME-Version", "Content-Type",
    ]  # fmt: skip
    assert str(mail["Subject"]) == f"{shown} and more"
    assert not mail.defects


@hard
@settings(max_examples=200, deadline=None)
@given(WORDS)
def test_no_line_is_too_long_and_none_begins_with_a_dot(name):
    data = a_stencil("." * 200 + "Hello ", "." * 300 + "\n.\n").fill(values(name))
    head, _, body = data.partition(b"\r\n\r\n")
    assert data.isascii()
    assert data.count(b"\n") == data.count(b"\r") == data.count(b"\r\n")
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))
    assert all(len(line) <= 78 for line in head.split(b"\r\n"))
    assert not re.search(rb"^\.|[ \t]$", body, re.MULTILINE)


@settings(max_examples=200, deadline=None)
@given(SIGNS)
def test_quoted_printable_reads_back_any_text(text):
    import quopri

    text = text.replace("\r", "")
    encoded = quoted_printable(text)
    assert quopri.decodestring(encoded) == text.replace("\n", "\r\n").encode()
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
@example(b".")
@example(b".\r.\n.\r\n..\n\r.")
def test_stuffing_ends_a_mail_once_and_reads_back(data):
    wire = stuffed(data)
    lines = wire.split(b"\r\n")
    assert lines[-2:] == [b".", b""]
    assert b"." not in lines[:-2]
    meant = re.sub(rb"\r\n?|\n", b"\r\n", data)
    meant += b"" if meant.endswith(b"\r\n") else b"\r\n"
    assert b"\r\n".join([line[line.startswith(b".") :] for line in lines[:-2]]) + b"\r\n" == meant


@hard
@settings(max_examples=200, deadline=None)
@given(WORDS)
@example("Alessandro · Remedial Soft Tissue Therapy")
@example('Quote "this" \\ and, that')
def test_a_display_name_reads_back_as_it_was_meant(name):
    data = b"From: " + mailbox(name.strip() or "x", "ada@example.org") + b"\r\n\r\n"
    (found,) = BytesParser(policy=policy.default).parsebytes(data)["From"].addresses
    assert found.addr_spec == "ada@example.org"
    # Python's own reader loses or adds spaces where words are encoded; the words are what counts.
    assert found.display_name.replace(" ", "") == (name.strip() or "x").replace(" ", "")
    assert all(len(line) <= 78 for line in data.split(b"\r\n"))


@pytest.mark.parametrize("sign", ["\r", "\n", "\0", "\x7f", "\u2028", "\u2029", "\x85", "\ud800"])
def test_a_hidden_sign_in_a_subject_is_refused(sign):
    with pytest.raises(Unsendable, match="hidden sign"):
        a_stencil().fill(values(f"Ada{sign}Bcc: eve@example.org"))


@pytest.mark.parametrize("link", ["https://example.org/\r\nBcc: eve@example.org", "https://exämple.org", "a\0b"])
def test_a_header_of_our_own_making_holds_plain_ascii_only(link):
    with pytest.raises(Unsendable, match="plain ASCII"):
        a_stencil().fill(values("Ada", unsubscribe_link=link))


@pytest.mark.parametrize(
    "to", ["", "ada", "a@b@example.org", "ada@example.org\r\nBcc: eve@example.org", "Ada <a@b.org>"]
)
def test_a_recipient_that_is_no_bare_address_is_refused(to):
    with pytest.raises(Unsendable, match="not a mail address"):
        a_stencil().fill(values("Ada", to=to))


def test_a_mail_that_gmail_would_cut_off_is_refused():
    with pytest.raises(Unsendable, match="shorten it"):
        a_stencil(before="x" * LARGEST_BYTES).fill(values("Ada"))


def test_a_tag_without_a_value_is_named():
    given = values("Ada")
    del given["unsubscribe_link"]
    with pytest.raises(Unsendable, match="unsubscribe_link has no value"):
        a_stencil().fill(given)


@pytest.mark.parametrize("value", [b"x\r\nBcc: eve@example.org", b"x\r\n\r\nbody"])
def test_a_stencil_whose_headers_do_not_read_back_is_not_made(value):
    with pytest.raises(Unsendable, match="read back"):
        stencil.cut([("Subject", value)], ("text\n",), ("<p>html</p>\n",))


def test_slots_side_by_side_and_at_the_ends_of_lines():
    made = stencil.cut(
        [("Subject", b"x")],
        (NAME, NAME, "\n", NAME, "\nline ", NAME, "\n"),
        (NAME, "<br>", NAME, "\n"),
    )
    for name in random.sample(HARD, 8):
        _, text, _ = read(made.fill({"first_name": name}))
        shown = name if name.strip() else "there"
        assert text == f"{shown}{shown}\n{shown}\nline {shown}\n"
