"""What other sites are told of a link to us (ogp.me), and the picture they show."""

import json
from datetime import timedelta

import pytest
from selectolax.lexbor import LexborHTMLParser

from funnel.models.content import PostState
from funnel.models.people import FormState
from funnel.models.translations import Translation
from funnel.programme import translations
from tests.conftest import NOW
from tests.factories import a_form, a_post, an_issue
from tests.readers import PHONE
from tests.test_web_archive_translated import SAID

BASE = "https://practice.example"
REQUIRED = {"og:title", "og:type", "og:image", "og:url"}
LONG = "What to do when bending down to tie your shoes has become the hardest thing of your whole morning"
OURS = "/static/img/ql.svg"


@pytest.fixture
def pages(session, setting):
    """A post, a form, an issue and its translation, with their lists, by their addresses."""
    post = a_post(session, slug="chairs", title=LONG, summary="A word. " * 40, body=f"![The muscle]({OURS})\n")
    post.updated_at = post.published_at + timedelta(days=3)
    a_form(session, slug="back-care", title="Cura della schiena", language="it")
    issue = an_issue(session, subject="Chairs")
    row = session.get_one(Translation, translations.begin(session, issue, "de", NOW))
    translations.say(session, row, SAID, owner_id=None, why="", now=NOW)
    a_post(session, slug="another")
    session.commit()
    setting(BASE_URL=BASE, SMTP_URL="smtp://mail.example.org", MAIL_FROM="a@p.example", PRACTICE_ADDRESS="1 Way")
    names = ("post", "form", "issue", "translation", "archive", "posts")
    paths = ("/posts/chairs", "/f/back-care", f"/archive/{issue.id}-chairs", f"/archive/{issue.id}/de", "/archive", "/")
    return dict(zip(names, paths, strict=True))


def head(client, path):
    """All that a page's head says of it, as a program reads it that looks for previews: by name, all that are said."""
    answer = client.get(path, headers={"User-Agent": PHONE, "Host": "inner:8000", "X-Forwarded-Host": "evil.example"})
    tree = LexborHTMLParser(answer.text)
    told = {}
    for node in tree.css("head meta[content]"):
        name = node.attributes.get("property") or node.attributes.get("name")
        told.setdefault(name, []).append(node.attributes["content"])
    told["canonical"] = [node.attributes["href"] for node in tree.css("head link[rel=canonical]")]
    told["data"] = [json.loads(node.text()) for node in tree.css('head script[type="application/ld+json"]')]
    return told


def path_of(told):
    return told["og:image"][0].removeprefix(BASE)


def test_each_kind_of_page_says_once_all_that_the_protocol_asks_for(client, pages):
    for name, path in pages.items():
        told = head(client, path)
        once = REQUIRED | {"og:description", "og:site_name", "og:locale", "og:image:alt", "description", "twitter:card"}
        assert (name, {key: len(told.get(key, [])) for key in once}) == (name, dict.fromkeys(once, 1))
        assert told["og:url"] == told["canonical"] == [f"{BASE}{path}"]
        assert told["og:image"][0].startswith(f"{BASE}/covers/")
        assert (told["og:image:type"], told["og:image:width"], told["og:image:height"]) == (
            ["image/png"], ["1200"], ["630"],
        )  # fmt: skip
        assert told["og:image:alt"] != [""]
        assert len(told["og:title"][0]) <= 70
        assert len(told["og:description"][0]) <= 200
        assert ("robots" in told) == (name == "translation")


def test_long_words_end_with_a_whole_word(client, pages):
    told = head(client, pages["post"])
    assert told["og:title"] == ["What to do when bending down to tie your shoes has become the hardest…"]
    assert told["og:description"][0].endswith("A word…")
    assert told["description"] == told["og:description"]


def test_a_page_says_its_language_and_the_others_in_which_it_is_told(client, pages):
    assert head(client, pages["form"])["og:locale"] == ["it_IT"]
    assert head(client, pages["post"])["og:locale"] == ["en_GB"]
    assert head(client, pages["translation"])["og:locale"] == ["de_DE"]
    assert head(client, pages["issue"])["og:locale:alternate"] == ["de_DE"]
    assert "og:locale:alternate" not in head(client, pages["form"]) | head(client, pages["translation"])


def test_a_post_says_when_it_was_written_and_changed_and_machines_read_it_as_an_article(client, pages):
    told = head(client, pages["post"])
    assert told["og:type"] == ["article"]
    (data,) = told["data"]
    assert told["article:published_time"] == [data["datePublished"]]
    assert told["article:modified_time"] == [data["dateModified"]]
    assert data["datePublished"] < data["dateModified"]
    assert (data["@type"], data["image"], data["mainEntityOfPage"]) == (
        "Article", told["og:image"][0], f"{BASE}/posts/chairs",
    )  # fmt: skip
    assert head(client, pages["form"])["data"] == []
    assert "article:modified_time" not in head(client, pages["issue"])


def test_words_that_look_like_the_end_of_a_script_stay_words(session, client):
    a_post(session, slug="odd", title='</script><b>"&')
    session.commit()
    assert head(client, "/posts/odd")["data"][0]["headline"] == '</script><b>"&'


def test_what_stands_in_a_frame_and_what_was_typed_wrong_is_no_page_to_be_found(client, pages):
    framed = head(client, "/f/back-care/embed")
    assert framed["robots"] == ["noindex"]
    assert "og:image" not in framed
    assert 'content="noindex"' in client.post("/f/back-care", data={"email": "x"}).text


def test_the_picture_is_kept_for_a_year_and_asked_for_no_second_time(client, pages):
    for name in pages:
        path = path_of(head(client, pages[name]))
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (200, "image/png"), name
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert client.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_an_old_address_of_it_leads_to_the_new_one(session, client):
    post = a_post(session, slug="chairs", title="Chairs")
    session.commit()
    old = path_of({"og:image": [head(client, "/posts/chairs")["og:image"][0].replace("http://127.0.0.1:8000", "")]})
    post.title = "Beds"
    session.commit()
    answer = client.get(old)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "no-cache")
    assert client.get(answer.location).data != client.get(old).data
    assert client.get(answer.location).status_code == 200


def test_nothing_is_drawn_of_what_readers_may_not_see(session, client):
    a_post(session, slug="draft", state=PostState.DRAFT)
    a_form(session, slug="closed", state=FormState.RETIRED)
    hidden = an_issue(session, in_archive=False)
    session.commit()
    for what in (
        "posts/draft",
        "posts/none",
        "forms/closed",
        f"archive/{hidden.id}-en",
        "archive/9-en",
        "archive/x-en",
    ):
        assert client.get(f"/covers/x/{what}.png").status_code == 404, what
