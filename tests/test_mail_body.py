"""The words of a mail told twice: as HTML and as text, from the same Markdown."""

import pytest

from funnel.config import settings
from funnel.mail import body, dress
from funnel.mail.links import Place
from funnel.mail.pieces import bound, filled, joined
from funnel.models.mail import LinkKind
from funnel.programme.merge import BadTags, Tag

BASE = "http://127.0.0.1:8000"


def read(source):
    return body.read(source, settings())


def text(source, **values):
    found = read(source)
    targets = {f"link:{number}": place.url for number, place in enumerate(found.places)}
    return filled(found.text, targets | values)


def html(source, **values):
    found = read(source)
    targets = {f"link:{number}": place.url for number, place in enumerate(found.places)}
    return filled(found.html, targets | values)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("One\ntwo  \nthree\n\nfour", "One two\nthree\n\nfour\n"),
        ("# Title\n\n## Part\n\nWords", "Title\n-----\n\nPart\n----\n\nWords\n"),
        ("- a\n- b\n  c\n\nend", "- a\n- b c\n\nend\n"),
        ("3. a\n4. b", "3. a\n4. b\n"),
        ("- - deep\n  - more", "- - deep\n  - more\n"),
        ("1. a\n   - b\n2. d\n\n   > q\n   > r", "1. a\n   - b\n\n2. d\n\n   > q r\n"),
        ("- a\n\n- b", "- a\n\n- b\n"),
        ("- a\n  - b\n  - c\n- d", "- a\n  - b\n  - c\n- d\n"),
        ("1. a\n\n   more\n2. b", "1. a\n\n   more\n\n2. b\n"),
        ("> quoted  \n> twice\n\nnot", "> quoted\n> twice\n\nnot\n"),
        ("a\n\n---\n\nb", "a\n\n* * *\n\nb\n"),
        ("```\ncode\n  more\n```", "    code\n      more\n"),
        ("**bold** and *slanted* and `code`", "bold and slanted and code\n"),
        ("![a spine](/x.png) here", "a spine here\n"),
        ("See [the page](https://example.org/a), please.", "See the page <https://example.org/a>, please.\n"),
        ("[Book now](https://example.org/a)", "Book now:\nhttps://example.org/a\n"),
        ("<https://example.org/a> and more", "https://example.org/a and more\n"),
        ("To [me](mailto:a@example.org) or <a@example.org>.", "To me <a@example.org> or a@example.org.\n"),
        ("a < b & c", "a < b & c\n"),
        ("*" * 3, "* * *\n"),
    ],
)  # fmt: skip
def test_markdown_as_text(source, told):
    assert text(source) == told


def test_a_long_paragraph_is_one_line():
    assert text("word " * 99).count("\n") == 1


def test_a_value_is_never_read_as_markdown_or_html():
    told = "Hello *Ada* [x](y) <b>,\n"
    assert text("Hello {{ first_name }},", first_name="*Ada* [x](y) <b>") == told
    found = read("Hello **{{ first_name }}**,")
    assert found.html[1:] == (Tag("first_name"), "</strong>,</p>\n")


def test_links_become_places_numbered_once_an_address():
    found = read(
        "[a](/posts/x) [b](https://example.org) [again](/posts/x) [c]({{ booking_link }})\n\n"
        '[Book *with* {{ practitioner_name }}]({{ site }}/y "interest") [d]({{ booked_link }}) [e](mailto:a@b.org)'
    )
    assert found.places == (
        Place(LinkKind.CONTENT, f"{BASE}/posts/x", "a"),
        Place(LinkKind.CONTENT, "https://example.org", "b"),
        Place(LinkKind.BOOKING, "booking", "c"),
        Place(LinkKind.INTEREST, f"{BASE}/y", "Book with Alessandro"),
        Place(LinkKind.BOOKED, "booked", "d"),
    )
    slots = [piece.name for piece in found.html if isinstance(piece, Tag) and piece.name.startswith("link:")]
    assert slots == ["link:0", "link:1", "link:0", "link:2", "link:3", "link:4"]
    assert "interest" not in filled(bound(found.html, dict.fromkeys(slots, "x")), {"practitioner_name": "A"})


def test_a_persons_own_links_are_no_places():
    found = read(
        "[out]({{ unsubscribe_link }}) [choose]({{ preferences_link }}) [x](https://x.example/{{ first_name }})"
    )
    assert found.places == ()
    assert [piece.name for piece in found.text if isinstance(piece, Tag)] == [
        "unsubscribe_link",
        "preferences_link",
        "first_name",
    ]


def test_a_paragraph_that_is_one_link_is_a_button_and_booked_is_a_quiet_one():
    page = html("[Book]({{ booking_link }})\n\n[Booked]({{ booked_link }})\n\n[a](/b) and more\n\n[w](mailto:a@b.org)")
    assert page.count('role="presentation"') == 3
    assert page.count('class="button"') == 2
    assert page.count('class="button quiet"') == 1


def test_html_in_markdown_is_shown_and_not_obeyed():
    page = html('<script>alert(1)</script>\n\n<a href="javascript:x" onclick="y">z</a>\n\n[x](javascript:alert)')
    assert "<script" not in page
    assert "<a " not in page


def test_pictures_leave_their_words_only():
    assert "<img" not in html("![a spine](https://example.org/spine.png)")


def test_every_element_carries_its_style():
    page = html("# a\n\n## b\n\n### c\n\n- d\n\n1. e\n\n> f\n\n---\n\n`g`\n\n[h](/i) j")
    for tag in dress.STYLES:
        if tag != "pre":
            assert f'<{tag} style="{dress.STYLES[tag]}"' in page, tag


def test_there_is_one_title_at_most():
    assert read("# a\n\n# b").has_title
    assert html("# a\n\n# b").count("<h1") == 1
    assert not read("## a").has_title


def test_an_unknown_tag_is_refused_with_its_line():
    with pytest.raises(BadTags, match="line 3"):
        read("a\n\n{{ nonsense }}")


def test_pieces_join_and_bind():
    assert joined(("a", "b"), (), ("", "c", Tag("x"))) == ("abc", Tag("x"))
    assert bound(("a", Tag("x", "d"), Tag("y")), {"x": " "}, str.upper) == ("aD", Tag("y"))
