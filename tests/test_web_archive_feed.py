"""The feed of the archive, as a feed reader understands it."""

import re
from datetime import timedelta
from email.utils import parsedate_to_datetime

import feedparser

from funnel.models.content import Part
from funnel.programme import contest
from funnel.programme import issues as issues_of
from tests.conftest import NOW
from tests.newsletter_desk import under_way
from tests.rhythm_cast import an_owner
from tests.test_web_archive import BASE, issues, read


def test_the_feed_is_understood_by_a_feed_reader(session, client):
    old, new = issues(session, 2, body="[a](/posts/x) & <b>\x0b\n\n[Book]({{ booking_link }})\n")
    answer = read(client, "/archive/feed.xml")
    feed = feedparser.parse(answer.data)
    assert (answer.mimetype, feed.bozo, feed.version) == ("application/rss+xml", False, "rss20")
    assert (feed.feed.link, feed.feed.language) == (f"{BASE}/archive", "en-GB")
    assert {"rel": "self", "type": "application/rss+xml", "href": f"{BASE}/archive/feed.xml"} in feed.feed.links
    assert parsedate_to_datetime(feed.feed.updated) == new.send_at
    first, second = feed.entries
    assert (first.title, first.link) == ("Number 1.", f"{BASE}/archive/{new.id}-number-1")
    assert (first.id, first.guidislink) == (f"{BASE}/archive/{new.id}", False)
    assert parsedate_to_datetime(second.published) == old.send_at
    assert first.summary == new.preheader
    assert f'<a href="{BASE}/posts/x">a</a> &amp; &lt;b&gt;' in first.content[0].value
    assert "Call 999 at once" in first.content[0].value
    assert not re.search(r'href="(?!http)', first.content[0].value)


def test_the_feed_says_since_when_it_is_as_it_is(session, client):
    issues(session, 2)
    answer = read(client, "/archive/feed.xml")
    since = answer.headers["Last-Modified"]
    assert parsedate_to_datetime(since) == NOW + timedelta(days=1)
    assert read(client, "/archive/feed.xml", **{"If-Modified-Since": since}).status_code == 304
    earlier = "Mon, 02 Mar 2026 12:00:00 GMT"
    assert read(client, "/archive/feed.xml", **{"If-Modified-Since": earlier}).status_code == 200


def test_a_feed_whose_words_were_corrected_is_another_one(session, client):
    issue, _ = issues(session, 2)
    since = {"If-Modified-Since": read(client, "/archive/feed.xml").headers["Last-Modified"]}
    values = {"subject": issue.subject, "preheader": "", "body": "The right dose.\n", "sources": []}
    owner = an_owner(session)
    issues_of.save(session, issue, values, based_on=0, owner_id=owner.id, why="", now=NOW + timedelta(days=2))
    session.commit()
    answer = read(client, "/archive/feed.xml", **since)
    assert (answer.status_code, "The right dose." in answer.text) == (200, True)
    since = {"If-Modified-Since": answer.headers["Last-Modified"]}
    assert read(client, "/archive/feed.xml", **since).status_code == 304


def test_a_feed_whose_newest_subject_lost_its_trial_is_another_one(session, client):
    issue = under_way(session, NOW, subject_b="Stools", trial_ends_at=NOW + timedelta(hours=4))
    since = {"If-Modified-Since": read(client, "/archive/feed.xml").headers["Last-Modified"]}
    contest.choose(session, issue.id, Part.B, NOW + timedelta(hours=1))
    session.commit()
    answer = read(client, "/archive/feed.xml", **since)
    assert (answer.status_code, "<title>Stools</title>" in answer.text) == (200, True)


def test_a_feed_without_an_issue_is_a_feed(client):
    feed = feedparser.parse(read(client, "/archive/feed.xml").data)
    assert (feed.bozo, feed.entries) == (False, [])
