"""A post's Markdown on its page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.programme.merge import BadTags
from funnel.web import edge
from funnel.web.pages import article, pictures


def html(text, **values):
    found = article.read(text, values)
    return found.before + found.after


def test_the_post_is_cut_where_the_form_stands():
    found = article.read("One.\n\n{{ form }}\n\nTwo.\n", {})
    assert (found.before, found.after) == ("<p>One.</p>\n", "<p>Two.</p>\n")


def test_a_heading_has_the_id_that_is_chosen_or_one_of_its_words():
    assert '<h2 id="wall">At the wall</h2>' in html("## At the wall {: #wall}")
    assert '<h3 id="on-the-knees">On the knees</h3>' in html("### On the knees")


def test_a_paragraph_of_one_link_is_a_button():
    assert '<a href="/book" class="button">Book</a>' in html("[Book]({{ booking_link }})", booking_link="/book")
    assert "button" not in html("You may [book](/book).")


@pytest.mark.parametrize(
    "text", ["<script>x()</script>", '<p onclick="x()">', "[x](javascript:alert(1))", "![x](javascript:alert(1))"]
)
def test_nothing_in_a_post_can_run(text):
    found = html(text)
    assert "<script" not in found
    assert "<p onclick" not in found
    assert "href" not in found
    assert "src" not in found


@given(st.text(max_size=60).filter(lambda text: text.strip() and "\n" not in text and "\r" not in text))
def test_a_value_is_never_read_as_markup(name):
    found = html("a{{ practitioner_name }}z", practitioner_name=f"*{name}*[x](y)")
    assert "<em>" not in found
    assert "<a" not in found


def test_the_time_it_takes_to_read_is_a_minute_at_least():
    assert article.read("Short.", {}).minutes == 1
    assert article.read("word " * article.WORDS_A_MINUTE * 4, {}).minutes == 4


def test_an_unknown_tag_is_refused():
    with pytest.raises(BadTags):
        article.read("{{ naem }}", {})


def test_a_picture_of_ours_says_its_size_and_comes_when_it_is_near_unless_it_begins_the_post():
    address = f'src="/static/img/ql.svg?v={edge.version("img/ql.svg")}" alt="QL"'
    told = f'<img {address} decoding="async" loading="lazy" width="544" height="404">'
    assert told in html("Words.\n\n![QL](/static/img/ql.svg)\n")
    assert f'{address} decoding="async" width="544"' in html("![QL](/static/img/ql.svg?v=old)\n\nWords.\n")


def test_a_picture_that_is_no_file_of_ours_stays_as_it_was_written(tmp_path, monkeypatch):
    for address in ("https://example.org/x.png", "/static/img/gone.png", "/static/../edge.py", "/static/"):
        assert f'<img src="{address}" alt="A">' in html(f"![A]({address})")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\4\xb0\0\0\2v")
    (tmp_path / "a.gif").write_bytes(b"GIF89a")
    monkeypatch.setattr(edge, "STATIC", tmp_path)
    assert pictures.attributes("/static/a.png", first=True).get("width") == "1200"
    assert "width" not in pictures.attributes("/static/a.gif", first=True)
