"""A newsletter on its way out: its headers, links, footer, preview and test."""

import re
from email import policy
from email.parser import BytesParser

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.mail import edition, layout, render
from funnel.mail.encoding import Unsendable
from funnel.models.content import Newsletter
from funnel.models.mail import Link, LinkKind, MessageKind
from funnel.tokens import Purpose
from tests.conftest import NOW
from tests.drafts import composed
from tests.factories import a_message, a_subscriber, add

BASE = "http://127.0.0.1:8000"


def an_issue(session, **changes):
    values = {
        "subject": '{{ first_name | default("You") }}, a word about chairs',
        "preheader": "Which chair is the best one, and why there is none",
        "body": 'Hello {{ first_name | default("there") }},\n\n[a](/posts/x) [b](https://example.org/b)\n\n'
        "[Book]({{ booking_link }})\n",
        "created_at": NOW,
    }
    return add(session, Newsletter(**(values | changes)))


def its_mail(session, issue, subscriber=None, **changes):
    who = subscriber or a_subscriber(session, email="ada@example.org")
    whose = {"kind": MessageKind.NEWSLETTER, "template": "newsletter", "newsletter_id": issue.id}
    return a_message(session, who, **(whose | changes))


def read(outgoing):
    mail = BytesParser(policy=policy.default).parsebytes(outgoing.data)
    text, page = (part.get_content().replace("\r\n", "\n") for part in mail.iter_parts())
    return mail, text, page


def test_its_headers_are_a_lists_and_do_not_call_it_automatic(session):
    issue = an_issue(session)
    message = its_mail(session, issue)
    mail, _, _ = read(composed(session, message))
    token = tokens.sign(Purpose.UNSUBSCRIBE, message.subscriber_id, message.id)
    assert dict(mail.items()) == {
        "From": "Alessandro · Remedial Soft Tissue Therapy <alessandro@example.org>",
        "Reply-To": "alessandro@example.org",
        "To": "ada@example.org",
        "Subject": "Ada, a word about chairs",
        "Date": "Tue, 03 Mar 2026 12:00:00 +0000",
        "Message-ID": message.message_id,
        "List-Id": "Alessandro · Remedial Soft Tissue Therapy <newsletter.example.org>",
        "List-Unsubscribe": f"<{BASE}/unsubscribe/{token}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Feedback-ID": f"{issue.id}:newsletter:mail:funnel",
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{mail.get_boundary()}"',
    }


def test_its_links_are_rows_of_its_own_and_counted_for_the_reader(session):
    issue = an_issue(session)
    message = its_mail(session, issue)
    outgoing = composed(session, message)
    rows = {link.url: link for link in session.scalars(select(Link))}
    assert {url: (link.kind, link.newsletter_id, link.step_id) for url, link in rows.items()} == {
        f"{BASE}/posts/x": (LinkKind.CONTENT, issue.id, None),
        "https://example.org/b": (LinkKind.CONTENT, issue.id, None),
        "booking": (LinkKind.BOOKING, issue.id, None),
        f"{BASE}/#": (LinkKind.CANARY, issue.id, None),
    }
    _, text, page = read(outgoing)
    went = [tokens.read(Purpose.GO, token) for token in re.findall(rf"{BASE}/go/([\w-]+)", page)]
    assert went == [
        (rows[url].id, message.id) for url in (f"{BASE}/posts/x", "https://example.org/b", "booking", f"{BASE}/#")
    ]
    assert re.findall(rf"{BASE}/go/([\w-]+)", text) == re.findall(rf"{BASE}/go/([\w-]+)", page)[:-1]


def test_two_issues_with_the_same_link_count_it_apart_and_each_once(session):
    first, second = an_issue(session), an_issue(session)
    person = a_subscriber(session)
    for issue in (first, second, first):
        composed(session, its_mail(session, issue, person))
    assert len(session.scalars(select(Link)).all()) == 8


def test_its_footer_says_why_it_came_and_how_to_leave(session):
    message = its_mail(session, an_issue(session))
    mail, text, page = read(composed(session, message))
    choose = f"{BASE}/preferences/{tokens.sign(Purpose.PREFERENCES, message.subscriber_id, message.id)}"
    for told in (text, page):
        assert all(
            words in told
            for words in ("Call 999", "because you signed up", str(mail["List-Unsubscribe"])[1:-1], choose, "1 Example")
        )


def test_its_preview_is_what_is_sent(session):
    issue = an_issue(session)
    person = a_subscriber(session, first_name="Zoë <b>")
    seen = render.preview_newsletter(issue, person, NOW)
    assert session.scalars(select(Link)).all() == []
    mail, text, page = read(composed(session, its_mail(session, issue, person)))

    def blank(told):
        return re.sub(rf"{re.escape(BASE)}[\w/#-]*|https://example.org/b", "URL", told)

    assert (seen.subject, blank(seen.text), blank(seen.html)) == (mail["Subject"], blank(text), blank(page))
    assert render.preview_newsletter(issue, None, NOW).subject == "You, a word about chairs"


def test_a_test_of_it_says_so_and_counts_for_nobody(session):
    owner = {"kind": MessageKind.TEST, "to_address": "owner@example.org", "subscriber_id": None}
    outgoing = composed(session, its_mail(session, an_issue(session), **owner))
    mail, text, page = read(outgoing)
    assert (outgoing.recipient, mail["Subject"]) == ("owner@example.org", "[TEST] You, a word about chairs")
    assert not re.search("/go/|/unsubscribe/|/preferences/", text + page + mail["List-Unsubscribe"])
    assert session.scalars(select(Link)).all() == []


def test_without_a_preheader_the_first_words_are_what_a_list_of_mails_shows(session):
    seen = render.preview_newsletter(an_issue(session, preheader=""), None, NOW)
    assert layout.PADDING not in seen.html
    assert seen.preheader == ""


def test_a_tag_that_no_newsletter_has_is_named(session):
    issue = an_issue(session, body="You signed up for {{ form_title }}.")
    with pytest.raises(Unsendable, match="form_title has no value"):
        composed(session, its_mail(session, issue, a_subscriber(session)))


def test_an_address_that_is_too_long_for_a_row_is_refused_before_it_is_one(session):
    issue = an_issue(session, body=f"[a long way](https://example.org/{'x' * 2000})")
    found = edition.of_newsletters(session, [(issue.id, "en")], NOW)[issue.id, "en"]
    assert "“a long way” leads to an address of more than 2000" in found.reason
