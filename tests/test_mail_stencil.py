"""The stencil: whatever a value is, the mail reads back as exactly the parts and headers that were meant."""

import html
import random
import re
from email import policy
from email.parser import BytesParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from funnel.mail import stencil
from funnel.mail.bidi import isolated
from funnel.mail.encoding import Unsendable, address_text, header_text, token_text
from funnel.mail.pieces import filled, joined
from funnel.mail.stencil import LARGEST_BYTES, Slot
from funnel.programme.merge import Tag
from tests.hard import HARD, SIGNS, WORDS, hard

NAME, LINK = Tag("first_name", "there"), Tag("unsubscribe_link")
# Whatever an author writes between tags, borders that are awkward among it.
STILL = st.one_of(st.sampled_from(["\n", ".", "\n.", ".\n", "From ", " ", " \n", "=", "<br>"]), st.text("a. \n=F<é😀"))
PIECES = st.lists(st.one_of(STILL, st.sampled_from([NAME, LINK, Tag("first_name")])), max_size=12).map(joined)


def a_stencil(before="Hello ", after=",\nwelcome.\n", subject=("", NAME, " and more")):
    headers = [
        ("From", (b"A <a@example.org>",)),
        ("To", (Slot((Tag("to"),), address_text),)),
        ("Subject", (Slot(subject, header_text),)),
        ("Message-ID", (Slot((Tag("message_id"),), token_text),)),
        ("List-Unsubscribe", (b"<", Slot((Tag("unsubscribe_link"),), token_text), b">")),
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


def shape_is_right(data):
    """7-bit; lines ended by CRLF and of the length they may have; no line that a relay or mailbox would change."""
    head, _, body = data.partition(b"\r\n\r\n")
    assert data.isascii()
    assert data.count(b"\n") == data.count(b"\r") == data.count(b"\r\n")
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    assert not re.search(rb"^\.|^From |[ \t]\r$", body, re.MULTILINE)
    assert not re.search(rb"^\.|^\s*\r?$", head, re.MULTILINE)
    assert data.endswith(b"--\r\n")


@hard
@settings(max_examples=200)
@given(WORDS)
def test_a_mail_reads_back_as_it_was_meant(name):
    data = a_stencil().fill(values(name))
    mail, text, page = read(data)
    shown = isolated(name) if name.strip() else "there"
    assert text == f"Hello {shown},\nwelcome.\n"
    escaped = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert page == f"<p>Hello {escaped.replace(chr(34), '&quot;').replace(chr(39), '&#x27;')},\nwelcome.\n</p>\n"
    assert mail.keys() == [
        "From", "To", "Subject", "Message-ID", "List-Unsubscribe", "MIME-Version", "Content-Type",
    ]  # fmt: skip
    assert str(mail["Subject"]) == f"{shown} and more"
    assert not mail.defects


@hard
@settings(max_examples=200)
@given(WORDS)
def test_no_line_is_too_long_and_none_begins_with_a_dot(name):
    data = a_stencil("." * 200 + "Hello ", "." * 300 + "\n.\n").fill(values(name))
    shape_is_right(data)
    assert all(len(line) <= 78 for line in data.split(b"\r\n"))


@settings(max_examples=400)
@given(PIECES, SIGNS, st.sampled_from(["https://example.org/x", "https://example.org/" + "x" * 90]), st.booleans())
@example((NAME, ".", NAME, "\n.", NAME, "."), ".", "https://example.org/x", True)
@example(("From ", NAME, "From "), "From me", "https://example.org/x", False)
def test_whatever_stands_round_the_slots_reads_back(pieces, name, link, signed):
    name = name.replace("\r", "")
    given = values(name, unsubscribe_link=link)
    page = tuple(html.escape(piece) if isinstance(piece, str) else piece for piece in pieces)
    made = stencil.cut([("List-Unsubscribe", (b"<", Slot((LINK,), token_text), b">"))], (*pieces, "\n"), (*page, "\n"))
    data = made.fill(given | ({"unsubscribe_link": link.encode()} if signed else {}))
    shape_is_right(data)
    mail, text, told = read(data)
    assert text == filled(pieces, given) + "\n"
    assert html.unescape(told) == filled(pieces, given) + "\n"
    assert mail["List-Unsubscribe"] == f"<{link}>"


def test_a_value_is_encoded_for_each_place_it_stands_in():
    made = stencil.cut(
        [("Subject", (Slot((NAME,), header_text),)), ("X-Name", (Slot((Tag("plain"),), token_text),))],
        (NAME, " ", Tag("plain"), "\n"),
        (NAME, " ", Tag("plain"), "\n"),
    )
    data = made.fill({"first_name": "Zoë & Jo=e", "plain": "a&b=c"})
    mail, text, page = read(data)
    assert (mail["Subject"], mail["X-Name"], text, page) == (
        "Zoë & Jo=e", "a&b=c", "Zoë & Jo=e a&b=c\n", "Zoë &amp; Jo=e a&amp;b=c\n",
    )  # fmt: skip


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
        stencil.cut([("Subject", (value,))], ("text\n",), ("<p>html</p>\n",))


def test_slots_side_by_side_and_at_the_ends_of_lines():
    made = stencil.cut(
        [("Subject", (b"x",))],
        (NAME, NAME, "\n", NAME, "\nline ", NAME, "\n"),
        (NAME, "<br>", NAME, "\n"),
    )
    for name in random.sample(HARD, 8):
        _, text, _ = read(made.fill({"first_name": name}))
        shown = isolated(name) if name.strip() else "there"
        assert text == f"{shown}{shown}\n{shown}\nline {shown}\n"


@pytest.mark.parametrize(("name", "shown"), [("", "there"), ("  ", "there"), (b"", "there"), (None, "there")])
def test_a_default_stands_in_for_what_is_blank_or_missing(name, shown):
    given = values(name)
    if name is None:
        del given["first_name"]
    assert read(a_stencil().fill(given))[1] == f"Hello {shown},\nwelcome.\n"


def test_a_blank_value_without_default_leaves_nothing():
    made = stencil.cut([("Subject", (b"x",))], ("a", LINK, "b\n"), ("c", LINK, "d\n"))
    for blank in ("", " ", b""):
        assert read(made.fill({"unsubscribe_link": blank}))[1:] == ("ab\n", "cd\n")


def test_the_values_a_mail_asks_for_are_known():
    assert a_stencil().names == {"to", "first_name", "message_id", "unsubscribe_link"}
