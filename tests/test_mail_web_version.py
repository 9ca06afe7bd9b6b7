"""The web version of an issue: the same words, and nobody's name, link or number in them."""

import re

from hypothesis import given
from hypothesis import strategies as st

from funnel import tokens
from funnel.mail import press, web_version
from funnel.mail.press import Words
from funnel.models.content import Newsletter
from funnel.programme import merge
from funnel.tokens import Purpose
from tests.drafts import composed
from tests.factories import a_subscriber, an_issue
from tests.test_mail_newsletter import BASE, its_mail, read

RED_FLAGS = "**Call {{ emergency_number }} at once**"


def told(body, subject="Chairs", preheader="A word about them"):
    return web_version.of(Newsletter(subject=subject, preheader=preheader, body=body))


def test_a_name_is_filled_as_for_nobody():
    hello, subject = 'Hello {{ first_name | default("there") }}.', '{{ first_name | default("You") }}, chairs'
    said = told(hello, subject, "By {{ practitioner_name }}")
    assert (said.subject, said.preheader) == ("You, chairs", "By Alessandro")
    assert said.body == "<p>Hello there.</p>\n"


def test_links_are_the_plain_ones_and_the_way_to_book_is_the_page():
    said = told(
        "[a](/posts/x) [b](https://example.org/b)\n\n[Book]({{ booking_link }})\n\nOr [done]({{ booked_link }})\n"
    )
    assert re.findall('href="([^"]*)"', said.body) == [
        f"{BASE}/posts/x", "https://example.org/b", f"{BASE}/book", f"{BASE}/privacy",
    ]  # fmt: skip
    assert f'<p><a class="button" href="{BASE}/book">Book</a></p>' in said.body


def test_a_button_that_answers_for_a_reader_is_left_out():
    said = told("Words.\n\n[I have already booked]({{ booked_link }})\n")
    assert said.body == "<p>Words.</p>\n\n"


def test_it_has_no_style_no_hidden_link_and_no_script():
    said = told("# Chairs\n\n<script>x()</script> > no\n\n[x](javascript:alert(1))\n")
    assert said.has_title
    assert not re.search(r"style=|display:none|<script|href", said.body)


def test_it_says_when_to_call_for_help_as_the_mail_does():
    line = press.footer_file("archive", "en").read_text().strip()
    assert line.startswith(RED_FLAGS)
    assert line in press.footer_file("newsletter", "en").read_text()
    assert "<strong>Call 999 at once</strong>" in told("Words.").footer


def test_every_tag_has_something_to_stand_for_it():
    said = told(" ".join(f"{{{{ {name} }}}}" for name in merge.NAMES))
    assert "{{" not in said.body


@given(st.sampled_from(["go", "unsubscribe", "preferences", "confirm", "my-data", "booked"]), st.booleans())
def test_an_address_that_was_copied_out_of_somebodys_mail_is_nobodys(page, in_a_link):
    own = f"{{{{ site }}}}/{page}/AQID-_x.Zz~9"
    said = told(f"[here]({own})" if in_a_link else f"Look at {own}, please.")
    assert "AQID" not in said.body
    assert f"{BASE}/privacy" in said.body
    assert f"https://example.org/{page}/x" in told(f"[there](https://example.org/{page}/x)").body


def test_nor_does_a_source_lead_to_somebodys_own_page(session):
    own = {"name": "A study", "url": f"{BASE}/go/AQID-_x.Zz~9", "detail": "2020"}
    other = {"name": "Another", "url": "https://example.org/go/x", "detail": ""}
    issue = an_issue(session, sources=[own, other])
    assert web_version.sources(issue) == [own | {"url": f"{BASE}/privacy"}, other]


def test_nothing_of_a_reader_is_in_it_though_their_mail_is_full_of_it(session):
    body = (
        'Dear {{ first_name | default("reader") }}, [one](/posts/x).\n\n[Book]({{ booking_link }})\n\n'
        "[Leave]({{ unsubscribe_link }}) or [choose]({{ preferences_link }})\n"
    )
    issue = an_issue(session, subject='{{ first_name | default("You") }}: chairs', body=body)
    ada = a_subscriber(session, first_name="Zyxwada", email="zyxw@example.net")
    message = its_mail(session, issue, ada)
    session.flush()
    mail, text, page = read(composed(session, message))
    token = re.escape(tokens.sign(Purpose.UNSUBSCRIBE, ada.id, message.id))
    own = re.compile(rf"Zyxw|zyxw|{token}|/go/|/unsubscribe/|/preferences/")
    for part in (str(mail["Subject"]), text, page):
        assert own.search(part)
    said = web_version.of(issue)
    for part in (said.subject, said.preheader, said.body, said.footer):
        assert not own.search(part)


def test_a_mail_leads_to_the_page_while_it_is_in_the_archive(session):
    issue = an_issue(session)
    ada = a_subscriber(session)
    for shown in (True, False):
        issue.in_archive = shown
        _, text, page = read(composed(session, its_mail(session, issue, ada)))
        assert (f"View it in the browser <{BASE}/archive/{issue.id}>" in text) is shown
        assert (f'href="{BASE}/archive/{issue.id}"' in page) is shown


def test_a_draft_that_is_only_looked_at_leads_nowhere():
    sheet = press.newsletter(Words("Chairs", "", "Words.\n"), 0, press.settings())
    assert "/archive/" not in str(sheet)
