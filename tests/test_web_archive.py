"""The archive of newsletters: its list, an issue's page, its feed, and the pages that offer it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from funnel import tokens
from funnel.audience import confirmation
from funnel.db import engine, utc_now
from funnel.models.content import NewsletterState
from funnel.models.door import FormView
from funnel.models.people import SignUpState, SubscriberState
from funnel.tokens import Purpose
from funnel.web.pages.archive import LISTED
from tests.conftest import NOW
from tests.factories import a_form, a_post, a_sign_up, a_subscriber, an_issue
from tests.readers import PHONE, fields_of

BASE = "http://127.0.0.1:8000"


@pytest.fixture
def form(session):
    made = a_form(session, slug="back-care")
    session.commit()
    return made


def read(client, path, **headers):
    return client.get(path, headers={"User-Agent": PHONE, **headers})


def issues(session, count, **changes):
    made = [
        an_issue(session, subject=f"Number {number}.", send_at=NOW + timedelta(days=number), **changes)
        for number in range(count)
    ]
    session.commit()
    return made


def again(client, path, answer):
    """The same asked for by somebody who has it."""
    return read(client, path, **{"If-None-Match": answer.headers["ETag"]})


def statements(act):
    said = []

    def note(_connection, _cursor, statement, *_more):
        said.append(statement)

    event.listen(engine(), "before_cursor_execute", note)
    act()
    event.remove(engine(), "before_cursor_execute", note)
    return said


def test_the_list_tells_each_issue_with_its_day_newest_first(session, client, form):
    _, new = issues(session, 2)
    page = read(client, "/archive?utm_source=letter").text
    assert page.index("Number 1.") < page.index("4 March 2026") < page.index("Number 0.")
    assert f'href="/archive/{new.id}-number-1?utm_source=letter"' in page
    assert "Which chair is the best one" in page
    assert 'type="application/rss+xml"' in page


def test_a_long_list_is_turned_page_by_page(session, client):
    issues(session, LISTED + 1)
    assert 'href="/archive?page=2"' in read(client, "/archive").text
    assert "Number 0." in read(client, "/archive?page=2").text
    assert read(client, "/archive?page=3").headers["Location"] == "/archive"


def test_an_empty_archive_offers_the_form(session, client, form):
    page = read(client, "/archive")
    assert page.status_code == 200
    assert "None has been sent yet" in page.text
    assert 'action="/f/back-care"' in page.text
    assert "noindex" in page.text


def test_an_empty_archive_without_a_form_promises_nothing(client):
    page = read(client, "/archive").text
    assert "The first one will stand here" in page
    assert "<form" not in page


def test_an_issue_stands_on_its_page_with_its_neighbours_and_the_form(session, client, form):
    old, issue, new = issues(session, 3)
    issue.sources = [{"name": "NICE", "detail": "NG59", "url": "https://example.org/ng59"}]
    session.commit()
    page = read(client, f"/archive/{issue.id}-number-1").text
    assert '<a href="https://example.org/ng59" rel="noopener">NICE</a>. NG59' in page
    assert page.count('<h1 dir="auto">') == 1
    assert '<h1 dir="auto">Number 1.</h1>' in page
    assert "Hello there," in page
    assert "Call 999 at once" in page
    assert f'<a rel="prev" href="/archive/{new.id}-number-2">' in page
    assert f'<a rel="next" href="/archive/{old.id}-number-0">' in page
    assert fields_of(read(client, f"/archive/{issue.id}-number-1"))["src"] == "archive"


def test_a_title_of_its_own_is_the_only_one(session, client):
    issue = an_issue(session, subject="Chairs", body="# Of chairs\n\nWords.\n")
    session.commit()
    page = read(client, f"/archive/{issue.id}-chairs").text
    assert page.count("<h1>") == 1
    assert "<h1>Of chairs</h1>" in page


def test_other_sites_are_told_what_it_is(session, client):
    issue = an_issue(session, subject='{{ first_name | default("You") }} & <b>chairs')
    session.commit()
    address = f"/archive/{issue.id}-you-b-chairs"
    page = read(client, address).text
    assert f'<link rel="canonical" href="{BASE}{address}">' in page
    for name, content in (
        ("og:type", "article"),
        ("og:title", "You &amp; &lt;b&gt;chairs"),
        ("og:description", issue.preheader),
        ("og:url", BASE + address),
        ("og:site_name", "Alessandro · Remedial Soft Tissue Therapy"),
        ("article:published_time", "2026-03-03T12:00:00+00:00"),
    ):
        assert f'<meta property="{name}" content="{content}">' in page
    picture = re.search(rf'<meta property="og:image" content="{BASE}([^"]+)">', page)[1]
    assert client.get(picture).mimetype == "image/png"
    assert '<meta name="twitter:card" content="summary_large_image">' in page


@pytest.mark.parametrize("rest", ["", "-number", "-number-0-and-more"])
def test_the_number_alone_leads_to_the_address_it_has_now(session, client, rest):
    (issue,) = issues(session, 1)
    answer = read(client, f"/archive/{issue.id}{rest}?utm_source=letter")
    assert (answer.status_code, answer.location) == (301, f"/archive/{issue.id}-number-0?utm_source=letter")
    assert answer.headers["Cache-Control"] == "no-cache"


def test_a_subject_without_a_latin_letter_goes_by_its_number(session, client):
    issue = an_issue(session, subject="椅子")
    session.commit()
    assert read(client, f"/archive/{issue.id}").status_code == 200


def test_one_that_was_switched_off_says_so_and_not_what_it_was(session, client):
    hidden = an_issue(session, subject="Secret", in_archive=False)
    session.commit()
    answer = read(client, f"/archive/{hidden.id}-secret")
    assert answer.status_code == 410
    assert "Secret" not in answer.text
    assert "/archive" not in answer.text
    issues(session, 1)
    assert 'href="/archive"' in read(client, f"/archive/{hidden.id}").text


def test_one_that_was_cancelled_on_its_way_is_read_by_whoever_has_it_and_by_no_search_engine(session, client):
    issue = an_issue(session, subject="Chairs", state=NewsletterState.CANCELLED, started_at=NOW)
    other = an_issue(session, subject="Stools")
    session.commit()
    page = read(client, f"/archive/{issue.id}-chairs")
    assert page.status_code == 200
    assert '<meta name="robots" content="noindex">' in page.text
    assert "Chairs" not in read(client, "/archive").text + read(client, "/archive/feed.xml").text
    assert "noindex" not in read(client, f"/archive/{other.id}-stools").text


@pytest.mark.parametrize("path", ["9", "9-x", str(2**63 - 1), str(2**63), "x"])
def test_what_was_never_written_is_not_there(client, path):
    assert read(client, f"/archive/{path}").status_code == 404


def test_a_draft_is_as_if_it_were_not_there(session, client):
    issues(session, 1)
    draft = an_issue(session, subject="Not yet", state=NewsletterState.DRAFT)
    session.commit()
    unknown, found = read(client, f"/archive/{draft.id + 1}"), read(client, f"/archive/{draft.id}-not-yet")
    assert (found.status_code, found.text) == (404, unknown.text)
    assert "stands here once it is sent" in found.text


def test_a_page_that_has_not_changed_is_not_sent_again(session, client, form):
    (issue,) = issues(session, 1)
    for path in ("/archive", f"/archive/{issue.id}-number-0", "/archive/feed.xml"):
        first = read(client, path)
        assert first.headers["ETag"]
        second = again(client, path, first)
        assert (path, second.status_code, second.data) == (path, 304, b"")
        issue.preheader += "!"
        session.commit()
        assert (path, again(client, path, first).status_code) == (path, 200)


def test_who_has_the_page_already_is_counted_as_seeing_the_form(session, client, form):
    again(client, "/archive", read(client, "/archive"))
    assert session.execute(select(FormView.source, FormView.views)).all() == [("archive", 2)]


def test_pages_of_the_archive_set_no_cookie_and_need_nothing_the_policy_forbids(session, client, form):
    (issue,) = issues(session, 1, body="[Book]({{ booking_link }})\n\n> Sit *less*.\n")
    for path in ("/archive", f"/archive/{issue.id}-number-0", "/archive/feed.xml"):
        answer = read(client, path)
        assert "Set-Cookie" not in answer.headers
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert not re.search(
            r"<script(?! src=\"/static/| type=\"application/ld\+json\")|<style|\sstyle=|\son\w+=", answer.text
        )


def test_a_thousand_issues_cost_no_more_questions_than_one(session, client):
    issues(session, 1)
    paths = ("/archive", "/archive/feed.xml")
    read(client, paths[0])  # lays the settings under
    few = [len(statements(lambda path=path: read(client, path))) for path in paths]
    issues(session, LISTED + 5)
    assert [len(statements(lambda path=path: read(client, path))) for path in paths] == few
    assert few == [2, 2]


def offering(session, client):
    """The pages that lead to the archive, by what they say."""
    ada = a_subscriber(session)
    a_post(session, slug="one")
    a_post(session, slug="two")
    session.commit()
    paths = ("/", f"/preferences/{tokens.sign(Purpose.PREFERENCES, ada.id, 0)}")
    return ['href="/archive"' in read(client, path).text for path in paths]


@pytest.mark.parametrize("changes", [{"in_archive": False}, {}])
def test_the_list_of_posts_and_the_preferences_offer_what_there_is(session, client, changes):
    issues(session, 1, **changes)
    assert offering(session, client) == [not changes, not changes]


def test_the_page_of_a_new_subscriber_offers_it(session, client, form):
    pending = a_subscriber(session, state=SubscriberState.PENDING, confirmed_at=None)
    about = {"subscriber_id": pending.id, "email": pending.email, "state": SignUpState.SETTLED}
    path = f"/confirm/{confirmation.token(a_sign_up(session, form, created_at=utc_now(), **about))}"
    issues(session, 1)
    assert 'href="/archive"' not in read(client, path).text
    assert 'href="/archive"' in client.post(path, follow_redirects=True).text
