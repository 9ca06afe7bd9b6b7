"""The language of a post: what its page says of it, and what stands in it in another."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from funnel.programme import content_files, post_words, posts
from tests.conftest import NOW
from tests.factories import a_form, a_post
from tests.owner_data import press, signed_in
from tests.readers import PHONE, as_sent

BODY = "Parole.\n\n{{ form }}\n"


def seen(client, path):
    return LexborHTMLParser(client.get(path, headers={"User-Agent": PHONE}).text)


def lang(page):
    return page.css_first("html").attributes["lang"]


@pytest.fixture
def post(session):
    made = a_post(session, slug="schiena", title="Schiena", body=BODY, language="it")
    session.commit()
    return made


def test_a_page_is_marked_up_in_the_language_of_its_post(client, post):
    page = seen(client, "/posts/schiena")
    assert lang(page) == "it"
    assert page.css_first('meta[property="og:locale"]').attributes["content"] == "it_IT"
    assert page.css_first(".meta time").text() == "3 marzo 2026"


def test_a_post_that_says_none_is_in_that_of_its_form_else_in_the_practices(session, client, post, setting):
    setting(PRACTICE_COUNTRY="DE")
    post.language = ""
    session.commit()
    assert lang(seen(client, "/posts/schiena")) == "de"
    a_form(session, language="fr", post_id=post.id)
    session.commit()
    assert lang(seen(client, "/posts/schiena")) == "fr"


def test_a_form_in_another_language_stands_in_the_page_as_a_part_of_its_own(session, client, post):
    a_form(session, language="fr", post_id=post.id)
    session.commit()
    page = seen(client, "/posts/schiena")
    parts = page.css('div[lang="fr"] form.sign-up')
    assert (lang(page), len(parts)) == ("it", 2)
    assert "Adresse e-mail" in parts[0].text()
    assert "min di lettura" in page.css_first(".meta").text()


def test_in_the_list_each_post_is_marked_with_its_language(session, client, post):
    a_post(session, slug="backs", title="Backs")
    session.commit()
    assert [one.text() for one in seen(client, "/").css('article[lang="it"] h2')] == ["Schiena"]


def test_an_owner_chooses_the_language_and_words_are_checked_by_it(app, session, client, post):
    desk, here = signed_in(app), f"/owner/posts/{post.id}/edit"
    page = desk.get(here)
    assert '<option value="it" selected>Italian (Italiano)</option>' in page.text
    typed = as_sent(page) | {"language": "de", "body": "Das heilt jeden Rücken.\n\n{{ form }}\n"}
    typed.pop("csrf_token")
    assert "heilt" in press(desk, here, on=here, **typed).text
    press(desk, here, on=here, **(typed | {"body": "Worte.\n\n{{ form }}\n"}))
    session.expire_all()
    assert post.language == "de"
    assert lang(seen(client, "/posts/schiena")) == "de"


def test_a_file_says_the_language_of_its_post_and_one_without_says_none(session, tmp_path):
    (tmp_path / "posts").mkdir()
    for slug, line in (("uno", "language: it\n"), ("zwei", "")):
        head = f"---\ntitle: A\nslug: {slug}\nsummary: B\npublished: 2026-03-01\n{line}sources: []\n---\n"
        (tmp_path / "posts" / f"{slug}.md").write_text(f"{head}\nWords.\n\n{{{{ form }}}}\n")
    content_files.load(session, tmp_path, NOW)
    assert [post_words.typed(posts.by_slug(session, slug))["language"] for slug in ("uno", "zwei")] == ["it", ""]
