"""Where a form stands: who may show it in a frame, and that each of its states stays within it."""

import re

import pytest

from funnel.models.door import FormView
from funnel.models.people import FormState, SignUp
from tests.factories import a_form
from tests.readers import fields_of, fill_in

EMBED = "/f/back-care/embed"


@pytest.fixture
def form(session):
    form = a_form(session, slug="back-care")
    session.commit()
    return form


def ancestors(answer):
    policy = answer.headers["Content-Security-Policy"]
    return policy.partition("frame-ancestors ")[2].partition(";")[0]


def test_the_owners_sites_may_show_it_in_a_frame_and_no_other_page_of_ours(client, form, setting):
    setting(SITES="https://blog.example.org *.example.net")
    framed = [client.get(EMBED), fill_in(client, form, EMBED, email="no"), client.get(f"{EMBED}/sent")]
    framed += [client.get(f"{EMBED}/privacy"), client.get("/f/none/embed")]
    for answer in framed:
        assert ancestors(answer) == "'self' https://blog.example.org https://*.example.net"
        assert "X-Frame-Options" not in answer.headers
    for path in ("/f/back-care", "/f/back-care/sent", "/privacy", "/book"):
        answer = client.get(path)
        assert (ancestors(answer), answer.headers["X-Frame-Options"]) == ("'none'", "DENY")


def test_without_sites_nobody_else_may_show_it(client, form):
    assert ancestors(client.get(EMBED)) == "'self'"


def test_each_of_its_pages_leads_on_within_the_frame(client, form):
    first = client.get(f"{EMBED}?src=my-post")
    wrong = fill_in(client, form, EMBED, email="no address")
    doubt = fill_in(client, form, EMBED, email="ada@gmial.com")
    plain = fill_in(client, form, EMBED, token=None)
    for page in (first, wrong, doubt, plain):
        assert 'action="/f/back-care/embed"' in page.text
    done = fill_in(client, form, EMBED, src="my-post")
    assert done.location.startswith(f"{EMBED}/sent?t=")
    sent = client.get(done.location)
    assert f'action="{EMBED}/resend"' in sent.text
    assert f'href="{EMBED}?src=my-post"' in sent.text
    again = client.post(f"{EMBED}/resend", data={"token": fields_of(sent)["token"]})
    assert again.location.startswith(f"{EMBED}/sent?")
    assert client.post(f"{EMBED}/resend", data={"token": "x"}).location == EMBED
    assert client.get(f"{EMBED}/resend").location == EMBED  # where a form that was closed meanwhile is asked for anew
    assert client.get("/f/back-care/resend").location == "/f/back-care"
    for page in (first, wrong, doubt, plain, sent):
        assert "target=" not in page.text
        assert 'href="/privacy"' not in page.text
        assert "Set-Cookie" not in page.headers


def test_a_sandboxed_frame_without_an_origin_may_sign_up(session, client, form):
    token = fields_of(client.get(EMBED))["token"]
    slow = fill_in(client, form, EMBED)
    assert slow.status_code == 303
    assert client.post(EMBED, data={"email": "a@example.org", "token": token}, headers={"Origin": "null"}).status_code
    assert len(session.query(SignUp).all()) == 1


def test_a_retired_form_says_so_within_the_frame(session, client, form):
    other = a_form(session, slug="knees", title="Knees")
    form.state = FormState.RETIRED
    session.commit()
    page = client.get(EMBED)
    assert page.status_code == 410
    assert f'href="/f/{other.slug}/embed"' in page.text
    assert "/posts/" not in page.text


def test_an_address_that_is_no_form_is_a_page_that_the_frame_can_show(client, form):
    page = client.get("/f/none/embed")
    assert page.status_code == 404
    assert 'class="frame"' in page.text
    assert "To the first page" not in page.text


def test_the_owners_look_at_it_is_no_view(session, client, form):
    headers = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"}
    client.get(EMBED, headers=headers)
    assert session.query(FormView).all() == []
    client.get(EMBED, headers=headers | {"Sec-Fetch-Site": "cross-site", "User-Agent": "Mozilla/5.0 Firefox/140.0"})
    assert [row.views for row in session.query(FormView)] == [1]


def test_what_is_kept_can_be_read_without_leaving_the_frame(client, form):
    page = client.get(f"{EMBED}/privacy")
    assert "How long" in page.text
    assert page.text.count(f'href="{EMBED}"') == 2  # at its head and its foot
    link = f'{EMBED}/privacy?src=my-post&amp;utm_source=letter"'
    assert link in client.get(f"{EMBED}?src=my-post&utm_source=letter").text
    assert f'href="{EMBED}?src=my-post"' in client.get(f"{EMBED}/privacy?src=my-post").text
    assert client.get("/f/none/embed/privacy").status_code == 404


def test_on_a_page_that_stays_light_each_of_its_pages_does(session, client, form):
    form.accent = "#8a1c5b"
    session.commit()
    first = client.get(f"{EMBED}?scheme=light")
    done = fill_in(client, form, f"{EMBED}?scheme=light")
    for page in (first, fill_in(client, form, f"{EMBED}?scheme=light", email="no"), client.get(done.location)):
        assert '<meta name="color-scheme" content="light">' in page.text
        assert '<link rel="stylesheet" href="/colours/8a1c5b.css?scheme=light">' in page.text
        assert re.search(r'href="/light/base.css\?v=\w+"', page.text)
    assert f'action="{EMBED}?scheme=light"' in first.text
    for sheet in ("/light/base.css", "/light/pages.css", "/colours/8a1c5b.css?scheme=light"):
        answer = client.get(sheet)
        assert "prefers-color-scheme" not in answer.text
        assert "light dark" not in answer.text
        assert "immutable" in answer.headers["Cache-Control"]
    assert "scheme" not in client.get("/f/back-care?scheme=light").text.partition("<main")[2]
