"""The picture of a link: what is drawn, in which letters, and which pictures of a post's own may stand there."""

import struct

import pytest

from funnel.programme import cover
from funnel.programme.cover import Cover, cut, drawable, pictures

BASE = "https://practice.example"
OURS = "/static/img/ql.svg"


@pytest.mark.parametrize("title", ["Sit less", "آلام أسفل الظهر", "日本語", ""])
def test_it_is_a_picture_of_the_size_that_others_ask_for(title):
    data = Cover(title, "Practice").png()
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">II", data[16:24]) == (1200, 630)


def test_another_title_practice_or_picture_gives_another_address():
    (own,) = pictures(f"![The muscle]({OURS})", BASE)
    drawn = [Cover("A", "P"), Cover("B", "P"), Cover("A", "Q"), Cover("A", "P", own)]
    assert len({one.digest for one in drawn}) == len({one.png() for one in drawn}) == len(drawn)
    assert Cover("A", "P").digest == Cover("A", "P").digest


def test_letters_that_no_font_has_and_signs_that_are_pictures_are_left_out():
    assert drawable("Sit less 🙂 – today", 99) == "Sit less – today"
    assert drawable("Rücken, спина, πλάτη, ظهر, גב 100 %", 99) == "Rücken, спина, πλάτη, ظهر, גב 100 %"
    assert drawable("腰痛 and you", 99) == ""


@pytest.mark.parametrize(
    ("words", "most", "said"),
    [
        ("One\n two  three", 20, "One two three"),
        ("One two three", 13, "One two three"),
        ("One two, three", 12, "One two…"),
        ("One two three", 7, "One…"),
        ("Onetwothree", 7, "Onetwo…"),
    ],
)
def test_long_words_are_cut_where_one_ends_and_never_longer_than_asked_for(words, most, said):
    assert cut(words, most) == said
    assert len(said) <= most


def test_it_says_what_is_to_be_seen_on_it():
    (own,) = pictures(f"![The muscle]({OURS})", BASE)
    assert [Cover("A", "P", own).alt, Cover("A", "P").alt, Cover("", "P").alt] == ["The muscle", "A", "P"]


def test_a_posts_own_pictures_are_files_of_ours_and_no_others():
    body = f"""![One]({OURS} "its title") ![Two]({BASE}{OURS}?v=1) ![Once more]({OURS})

![Elsewhere](https://example.org/x.png) ![Gone](/static/img/gone.png) ![No picture](/static/base.css)
![Out](/static/../content/posts/quadratus-lumborum.md) ![Out too](/static/../static/../../secret.png)

    ![Code]({OURS}?code)
"""
    assert [(one.alt, one.path) for one in pictures(body, BASE)] == [("One", "img/ql.svg"), ("Two", "img/ql.svg")]


def test_a_picture_is_drawn_once_while_it_is_asked_for():
    cover._drawn.cache_clear()
    for _ in range(3):
        Cover("Once", "P").png()
    assert cover._drawn.cache_info().misses == 1
