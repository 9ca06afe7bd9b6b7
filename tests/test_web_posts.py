"""The post: its words, its two forms, its links, and how often its form was seen."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.models.content import PostState
from funnel.models.door import FormView
from funnel.models.mail import Link, LinkKind
from funnel.programme import content_files
from funnel.tokens import Purpose
from funnel.web.pages.posts import LISTED
from tests.conftest import NOW
from tests.factories import a_form, a_post
from tests.readers import PHONE, fields_of

BODY = "Words before.\n\n{{ form }}\n\n## At the wall {: #wall}\n\nCall {{ emergency_number }}.\n"


@pytest.fixture
def post(session):
    sources = [
        {"name": "NHS", "detail": "Back pain", "url": ""},
        {"name": "NICE", "detail": "NG59", "url": "https://example.org/ng59"},
    ]
    post = a_post(session, slug="my-post", title="Of <b>acks", body=BODY, sources=sources)
    a_form(session, slug="back-care", post_id=post.id)
    session.commit()
    return post


def read(client, path="/posts/my-post", agent=PHONE, **headers):
    return client.get(path, headers={"User-Agent": agent, **headers})


def views(session):
    session.expire_all()
    return {(row.source): row.views for row in session.scalars(select(FormView))}


def test_the_first_page_leads_to_the_only_post_and_keeps_where_a_reader_came_from(session, client, post):
    a_post(session, slug="draft", state=PostState.DRAFT)
    a_post(session, slug="gone", state=PostState.RETIRED)
    session.commit()
    answer = read(client, "/?utm_source=letter&other=1")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/posts/my-post?utm_source=letter")


def test_several_posts_are_listed_newest_first_with_their_summaries(session, client, post):
    a_post(session, slug="older", title="Older", summary="Of old.", published_at=NOW - timedelta(days=9))
    a_post(session, slug="draft", title="Not yet", state=PostState.DRAFT)
    session.commit()
    page = read(client, "/?utm_source=letter").text
    assert page.index("Of &lt;b&gt;acks") < page.index("Older") < page.index("Of old.")
    assert 'href="/posts/older?utm_source=letter"' in page
    assert "Not yet" not in page


def test_a_long_list_of_posts_is_turned_page_by_page(session, client):
    for number in range(LISTED + 1):
        a_post(session, slug=f"post-{number}", title=f"Number {number}.", published_at=NOW + timedelta(hours=number))
    session.commit()
    assert 'href="/?page=2"' in read(client, "/").text
    assert "Number 0." in read(client, "/?page=2").text
    assert read(client, "/?page=3").headers["Location"] == "/"


def test_the_first_page_without_a_post_says_how_to_load_one(client):
    answer = read(client, "/")
    assert answer.status_code == 200
    assert "content load" in answer.text


def test_the_form_stands_in_the_post_and_at_its_end_with_the_post_as_source(client, post):
    page = read(client)
    assert page.text.count('action="/f/back-care"') == 2
    assert page.text.index("Words before") < page.text.index('id="email-top"') < page.text.index('id="wall"')
    assert page.text.index('id="wall"') < page.text.index('id="email-end"') < page.text.index('id="sources"')
    assert fields_of(page)["src"] == "my-post"


def test_utm_of_the_post_goes_into_its_form(client, post):
    assert fields_of(read(client, "/posts/my-post?utm_campaign=spring"))["utm_campaign"] == "spring"


def test_the_post_names_its_sources_in_order(client, post):
    page = read(client).text
    assert '<li id="source-1">NHS. Back pain</li>' in page
    assert '<a href="https://example.org/ng59"' in page


def test_other_pages_are_told_what_the_post_is(client, post):
    page = read(client).text
    assert '<link rel="canonical" href="http://127.0.0.1:8000/posts/my-post">' in page
    assert '<meta property="og:title" content="Of &lt;b&gt;acks">' in page
    assert "min read" in page


def test_the_booking_link_goes_through_go_and_is_made_once(session, client, post):
    read(client)
    page = read(client).text
    (link,) = session.scalars(select(Link)).all()
    assert (link.kind, link.post_id) == (LinkKind.BOOKING, post.id)
    assert f"/go/{tokens.sign(Purpose.GO, link.id, 0)}" in page


def test_a_view_of_the_form_is_counted_once_a_page(session, client, post):
    read(client)
    read(client)
    read(client, "/f/back-care?src=elsewhere")
    assert views(session) == {"my-post": 2, "elsewhere": 1}


@pytest.mark.parametrize("agent", ["", "Googlebot/2.1", "curl/8.0", "facebookexternalhit/1.1"])
def test_robots_are_not_counted(session, client, post, agent):
    assert read(client, agent=agent).status_code == 200
    assert views(session) == {}


def test_a_page_fetched_ahead_or_asked_for_its_headers_only_is_not_counted(session, client, post):
    read(client, **{"Sec-Purpose": "prefetch;prerender"})
    client.head("/posts/my-post", headers={"User-Agent": PHONE})
    assert views(session) == {}


def test_a_post_without_a_form_is_read_all_the_same(session, client):
    a_post(session, slug="plain", body="Only words.\n")
    session.commit()
    page = read(client, "/posts/plain").text
    assert "Only words" in page
    assert "<form" not in page


def test_the_post_of_ours_renders_whole(session, client):
    content_files.load(session, content_files.FOLDER, NOW)
    session.commit()
    page = read(client, "/posts/quadratus-lumborum")
    assert page.status_code == 200
    assert "{{" not in page.text
    assert "{:" not in page.text
    assert "ql.svg" in page.text
    assert page.text.count('class="sign-up card"') == 2
    for anchor in ("doctor", "wall", "knees", "walking-card", "first-session"):
        assert f'id="{anchor}"' in page.text


def test_a_rehearsal_is_said_on_every_page(client, post, setting):
    setting(DAY_SECONDS="1")
    for path in ("/posts/my-post", "/f/back-care", "/book", "/privacy", "/nowhere"):
        assert "Rehearsal." in read(client, path).text
