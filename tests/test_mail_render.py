"""From a planned message to what leaves: headers, links and words of each kind of mail."""

import re
from email import policy
from email.parser import BytesParser

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.audience import confirmation, own_data
from funnel.mail import links, render
from funnel.mail.encoding import Unsendable
from funnel.models.mail import Link, LinkKind, MessageKind, Queue
from funnel.models.people import Subscriber
from funnel.tokens import Purpose
from tests.conftest import NOW
from tests.drafts import composed
from tests.factories import a_booking, a_message, a_post, a_sequence, a_sign_up, a_subscriber
from tests.mail_cast import Asked, a_tip

BASE = "http://127.0.0.1:8000"
BODY = """\
Hello {{ first_name | default("there") }},

read [this](/posts/x) or [that](https://example.org/that).

[Book]({{ booking_link }})

[Booked]({{ booked_link }})

[Less]({{ preferences_link }})
"""


def a_step(session, **changes):
    step = a_sequence(session, title="Back care, in short").steps[1]
    for name, value in ({"body": BODY} | changes).items():
        setattr(step, name, value)
    session.flush()
    return step


def read(session, message):
    outgoing = composed(session, message)
    mail = BytesParser(policy=policy.default).parsebytes(outgoing.data)
    text, page = (part.get_payload(decode=True).decode().replace("\r\n", "\n") for part in mail.iter_parts())
    return outgoing, mail, text, page


def test_the_headers_of_a_tip(session):
    step = a_step(session, subject="Übung für {{ first_name }}")
    message = a_tip(session, a_subscriber(session, email="ada@example.org"), step_id=step.id)
    outgoing, mail, _, _ = read(session, message)
    unsubscribe = f"{BASE}/unsubscribe/{tokens.sign(Purpose.UNSUBSCRIBE, message.subscriber_id, message.id)}"
    assert dict(mail.items()) == {
        "From": "Alessandro · Remedial Soft Tissue Therapy <alessandro@example.org>",
        "Reply-To": "alessandro@example.org",
        "To": "ada@example.org",
        "Subject": "Übung für Ada",
        "Date": "Tue, 03 Mar 2026 12:00:00 +0000",
        "Message-ID": message.message_id,
        "Auto-Submitted": "auto-generated",
        "List-Id": f'"Back care, in short" <{step.sequence.slug}.example.org>',
        "List-Unsubscribe": f"<{unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Feedback-ID": f"mail-2:{step.sequence.slug}:tip:funnel",
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{mail.get_boundary()}"',
    }
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert (outgoing.sender, outgoing.recipient) == ("alessandro@example.org", "ada@example.org")
    assert b"List-Unsubscribe: <http" in outgoing.data  # on one line


def test_every_link_of_a_tip_is_counted_for_its_reader(session):
    step = a_step(session)
    message = a_tip(session, step_id=step.id)
    _, _, text, page = read(session, message)
    rows = {link.url: link for link in session.scalars(select(Link))}
    assert {url: link.kind for url, link in rows.items()} == {
        f"{BASE}/posts/x": LinkKind.CONTENT,
        "https://example.org/that": LinkKind.CONTENT,
        "booking": LinkKind.BOOKING,
        "booked": LinkKind.BOOKED,
        f"{BASE}/#": LinkKind.CANARY,
    }
    assert {link.step_id for link in rows.values()} == {step.id}
    went = [tokens.read(Purpose.GO, token) for token in re.findall(rf"{BASE}/go/([\w-]+)", page)]
    assert went == [(rows[url].id, message.id) for url in (
        f"{BASE}/posts/x", "https://example.org/that", "booking", "booked", f"{BASE}/#"
    )]  # fmt: skip
    assert re.findall(rf"{BASE}/go/([\w-]+)", text) == re.findall(rf"{BASE}/go/([\w-]+)", page)[:-1]
    assert "example.org/that" not in text + page


def test_the_canary_is_seen_by_machines_only(session):
    _, _, text, page = read(session, a_tip(session, step_id=a_step(session).id))
    canary = links.url(session.scalars(select(Link.id).where(Link.kind == LinkKind.CANARY)).one(), 1)
    assert f'<a href="{canary}" style="display:none" aria-hidden="true" tabindex="-1"></a>' in page
    assert canary not in text


def test_the_footer_of_a_tip_tells_red_flags_who_writes_and_how_to_leave(session, setting):
    setting(PRACTICE_COUNTRY="IT", PRACTICE_ADDRESS="Via Roma 1 & 2")
    message = a_tip(session, step_id=a_step(session).id)
    _, mail, text, page = read(session, message)
    leave = str(mail["List-Unsubscribe"]).strip("<>")
    choose = f"{BASE}/preferences/{tokens.sign(Purpose.PREFERENCES, message.subscriber_id, message.id)}"
    for told in (text, page):
        assert all(words in told for words in ("Call 112", leave, choose, f"{BASE}/privacy", "signed up for our mails"))
    assert "Via Roma 1 & 2" in text
    assert "Via Roma 1 &amp; 2" in page


def test_a_mail_reads_the_same_at_every_try_but_for_its_date(session):
    message = a_tip(session, step_id=a_step(session).id)
    first = composed(session, message)
    assert composed(session, message) == first
    assert len(session.scalars(select(Link)).all()) == 5


def test_a_corrected_step_is_another_stencil(session):
    step = a_step(session)
    message = a_tip(session, step_id=step.id)
    assert "corrected" not in read(session, message)[2]
    step.body = "A corrected body with [a new link](/new)."
    assert "corrected" in read(session, message)[2]


def test_a_confirmation_holds_its_link_and_nothing_typed_or_counted(session):
    asked = Asked(session)
    asked.sign_up.first_name = "Win-a-prize.example"
    _, mail, text, page = read(session, asked.mail)
    link = f"{BASE}/confirm/{confirmation.token(asked.sign_up)}"
    assert f"\n{link}\n" in text
    assert f'href="{link}"' in page
    for hidden in ("Win-a-prize", "/go/", "unsubscribe", "preferences", "/book"):
        assert hidden not in text + page
    assert not {"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Feedback-ID"} & set(mail.keys())
    assert mail["Auto-Submitted"] == "auto-generated"
    assert session.scalars(select(Link)).all() == []


def test_a_notice_to_a_subscriber_leads_to_their_own_pages(session):
    person = a_subscriber(session, state="unsubscribed")
    notice = {"kind": MessageKind.NOTICE, "queue": Queue.URGENT}
    fresh = a_message(session, person, template="fresh_link", **notice)
    _, _, text, _ = read(session, fresh)
    token = re.search(rf"{BASE}/my-data/([\w-]+)", text)[1]
    assert own_data.read_fresh(session, token, NOW) == person.id
    again = a_sign_up(session, subscriber_id=person.id)
    _, _, text, _ = read(session, a_message(session, person, template="already_in", sign_up_id=again.id, **notice))
    assert f"{BASE}/preferences/" in text


def test_the_owner_is_led_to_the_booking_and_reads_nothing_that_was_typed(session):
    booking = a_booking(session, name="Eve", note="<script>", email="eve@example.org")
    message = a_message(
        session, kind="notice", template="booking_notice", to_address="owner@example.org", booking_id=booking.id
    )
    outgoing, _, text, page = read(session, message)
    assert outgoing.recipient == "owner@example.org"
    assert f"{BASE}/owner/bookings/{booking.id}" in text
    assert not re.search("Eve|<script|eve@", text + page)


def test_a_test_mail_says_so_and_counts_for_nobody(session):
    step = a_step(session)
    message = a_message(session, kind="test", template="step", step_id=step.id, to_address="owner@example.org")
    _, mail, text, page = read(session, message)
    assert mail["Subject"] == "[TEST] Mail 2"
    assert "Hello there," in text
    assert not re.search("/go/|/unsubscribe/|/preferences/", text + page + mail["List-Unsubscribe"])
    assert "https://example.org/that" in text
    assert f"{BASE}/book\n" in text
    assert session.scalars(select(Link)).all() == []


def test_a_test_mail_leads_to_the_booking_page_that_is_set(session, setting):
    setting(BOOKING_URL="https://cal.example.org/alessandro")
    step = a_step(session)
    message = a_message(session, kind="test", template="step", step_id=step.id, to_address="owner@example.org")
    assert "https://cal.example.org/alessandro" in read(session, message)[2]


def test_a_preview_is_what_is_sent(session):
    step = a_step(session)
    person = a_subscriber(session, first_name="Zoë <b>")
    seen = render.preview(session, step, person, NOW)
    message = a_tip(session, person, step_id=step.id)
    outgoing, mail, text, page = read(session, message)

    def blank(told):
        return re.sub(rf"{re.escape(BASE)}[\w/#-]*|https://example.org/that", "URL", told)

    assert (seen.subject, blank(seen.text), blank(seen.html)) == (mail["Subject"], blank(text), blank(page))
    assert seen.preheader == step.preheader
    assert abs(seen.size - len(outgoing.data)) < 1000
    assert session.scalars(select(Link)).all() != []


def test_a_preview_for_nobody_shows_the_defaults_and_makes_no_link(session):
    seen = render.preview(session, a_step(session), None, NOW)
    assert "Hello there," in seen.text
    assert session.scalars(select(Link)).all() == []


def test_every_notice_has_a_preview(session):
    for name in render.NOTICES:
        seen = render.preview_notice(session, name, NOW)
        assert seen.subject
        assert seen.text
    with pytest.raises(KeyError):
        render.preview_notice(session, "../secret", NOW)


def test_a_rehearsal_says_so_in_every_mail(session, setting):
    setting(DAY_SECONDS="1")
    for told in (render.preview(session, a_step(session), None, NOW), render.preview_notice(session, "reminder", NOW)):
        assert "Rehearsal." in told.text
        assert "Rehearsal." in told.html


def test_a_mail_to_somebody_erased_is_not_written(session):
    message = a_tip(session)
    session.get(Subscriber, message.subscriber_id).email = None
    with pytest.raises(Unsendable, match="address was deleted"):
        composed(session, message)


def test_a_link_is_one_row_a_place(session):
    post = a_post(session)
    first = links.ensure(session, "https://x.example", LinkKind.CONTENT, "x", NOW)
    assert links.ensure(session, "https://x.example", LinkKind.CONTENT, "other words", NOW) == first
    assert links.ensure(session, "https://x.example", LinkKind.CONTENT, "x", NOW, post_id=post.id) != first
    assert session.get(Link, first).label == "x"
    assert links.url(first, 0) == f"{BASE}/go/{tokens.sign(Purpose.GO, first, 0)}"
