"""Every page of a reader in every language: nothing on it is left in English, and what was typed stands apart."""

from datetime import timedelta
from html.parser import HTMLParser
from http import HTTPStatus

from funnel import languages, tokens
from funnel.audience import confirmation, own_data, resending, topics
from funnel.audience.wishes import Wish
from funnel.db import utc_now
from funnel.models.mail import LinkKind
from funnel.models.people import FormState, SignUpState, SubscriberState
from funnel.tokens import Purpose
from tests.factories import (
    a_form,
    a_link,
    a_message,
    a_post,
    a_sequence,
    a_sign_up,
    a_subscriber,
    an_enrolment,
    an_issue,
)
from tests.readers import PHONE, shown

# What the owner or a reader typed, the practice's own name and address, and what is the same in every language.
TYPED = {
    "title": "Vorto unu", "promise": "Vorto du.", "rhythm": "Vorto tri.", "leaving": "Vorto kvar.",
    "button": "Vorto kvin", "wording": "Vorto ses.",
}  # fmt: skip
COUNTRIES = {"en": "GB", "it": "IT", "de": "DE", "fr": "FR", "es": "ES"}
THE_SAME = {
    "1 Example Street, London", "Remedial Soft Tissue Therapy", "RSS", "JSON", "Newsletter", "Privacy", "Sources",
    "Pages",
}  # fmt: skip
ATTRIBUTES = ("aria-label", "title", "alt", "placeholder", "content")


class Told(HTMLParser):
    """What a page tells its reader: its words, and those only heard."""

    def __init__(self, html):
        super().__init__()
        self.words, self.quiet = set(), False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.quiet = tag in ("script", "style", "code")
        values = dict(attrs)
        if tag != "meta" or values.get("property") in ("og:title", "og:description"):
            self.words |= {values[name] for name in ATTRIBUTES if values.get(name)}

    def handle_endtag(self, tag):
        self.quiet = False

    def handle_data(self, data):
        if not self.quiet and any(sign.isalpha() for sign in data):
            self.words.add(" ".join(data.split()))


class Reader:
    """Somebody whose browser asks for a language, and who came by a form in it."""

    def __init__(self, session, client, code):
        self.session, self.client, self.code = session, client, code
        self.form = a_form(session, slug=f"form-{code}", language=code, **TYPED)
        self.person = a_subscriber(session, form_id=self.form.id, language=code, email=f"ada-{code}@example.org")
        session.commit()
        self.found = {}

    def go(self, name, path, status=HTTPStatus.OK, **typed):
        headers = {"Accept-Language": self.code, "User-Agent": PHONE}
        sent = {"method": "POST", "data": typed, "follow_redirects": True} if typed else {}
        asked = self.client.open(path, headers=headers, **sent)
        assert asked.status_code == status, name
        tag = languages.named(self.code).tag
        assert f'<html lang="{tag}" dir="ltr">' in asked.text or f"<language>{tag}</language>" in asked.text, name
        self.found[name] = asked.text

    def forms(self):
        slug, token = self.form.slug, shown(Purpose.FORM, self.form.id)
        for place in ("", "/embed"):
            self.go(f"form{place}", f"/f/{slug}{place}")
            self.go(f"wrong{place}", f"/f/{slug}{place}", 422, email="ada", first_name="a" * 90, token=token)
            self.go(f"one wrong{place}", f"/f/{slug}{place}", 422, email="", token=token)
            self.go(f"doubt{place}", f"/f/{slug}{place}", 422, email="ada@gmial.com", token=token)
            self.go(f"one more tap{place}", f"/f/{slug}{place}", 422, email="ada@example.org")
            again = resending.ticket(self.form.id, 0, utc_now())
            self.go(f"sent{place}", f"/f/{slug}{place}/sent?t={again}&again=1")
        self.go("privacy in a frame", f"/f/{slug}/embed/privacy")

    def door(self, purpose, *numbers):
        return f"/{purpose.value}/{tokens.sign(purpose, *numbers)}"

    def confirming(self):
        pending = a_subscriber(self.session, state=SubscriberState.PENDING, confirmed_at=None, language=self.code)
        values = {"subscriber_id": pending.id, "state": SignUpState.SETTLED, "language": self.code}
        now = utc_now()
        for name, ago in (("confirm", timedelta(0)), ("confirm too late", timedelta(days=8))):
            sign_up = a_sign_up(self.session, self.form, created_at=now - ago, email=pending.email, **values)
            self.session.commit()
            self.go(name, f"/confirm/{confirmation.token(sign_up)}")
            if not ago:
                self.go("confirmed", f"/confirm/{confirmation.token(sign_up)}", pressed="1")
        self.go("confirm after a move", self.moved(pending, values))
        self.go("a link cut in two", "/confirm/AWGY", 404)

    def moved(self, person, values):
        person.state = SubscriberState.ACTIVE
        sign_up = a_sign_up(self.session, self.form, email=f"moved-{person.email}", **values)
        self.session.commit()
        return f"/confirm/{confirmation.token(sign_up)}"

    def preferences(self):
        door = f"/preferences/{tokens.sign(Purpose.PREFERENCES, self.person.id, 0)}"
        self.go("preferences", door)
        topic = topics.make(self.session, f"Vorto {self.code}", "", utc_now())
        self.session.commit()
        given = {"topic": str(topic.id), "language": self.code}
        for wish in Wish:
            self.go(f"preferences: {wish}", door, wish=wish, **given)
        self.go("preferences: nothing ticked", door, 422, wish="leave-out")
        chosen = f"/my-data/{own_data.fresh_token(self.person, utc_now())}"
        for wish in Wish:
            self.go(f"my choices: {wish}", chosen, wish=wish, **given)
        an_enrolment(self.session, self.person, a_sequence(self.session))
        self.session.commit()
        for wish in ("pause", "resume", "monthly"):
            self.go(f"my choices on a course: {wish}", chosen, wish=wish)
        leaving = f"/unsubscribe/{tokens.sign(Purpose.UNSUBSCRIBE, self.person.id, 0)}"
        self.go("leaving", leaving)
        self.go("left", leaving, pressed="1")
        self.go("my choices once left", chosen, wish="pause")

    def data(self):
        door = f"/my-data/{own_data.fresh_token(self.person, utc_now())}"
        self.go("my data", door)
        self.go("my name", f"{door}/name", first_name="Ada")
        self.go("a wrong name", f"{door}/name", 422, first_name="=?")
        self.go("an address in doubt", f"{door}/address", 422, email="ada@gmial.com")
        self.go("deleting", f"{door}/delete")
        self.go("deleted", f"{door}/delete", pressed="1")
        self.go("my data too late", "/my-data/AWGY", 404)

    def booking(self):
        self.go("book", "/book")
        typed = {"email": "x", "suits": "Vorto" * 1000, "phone": "1\n2", "note": "\x01", "token": shown(Purpose.BOOK)}
        self.go("book wrong", "/book", 422, **typed)
        self.go("book thanks", "/book/thanks")
        message = a_message(self.session, self.person)
        link = a_link(self.session, url=f"booked-{self.code}", kind=LinkKind.BOOKED)
        self.session.commit()
        booked = f"/booked/{tokens.sign(Purpose.GO, link.id, message.id)}"
        self.go("booked", booked)
        self.go("booked thanks", booked, pressed="1")

    def reading(self):
        self.go("nothing to read", "/")
        self.go("no issue", "/archive")
        self.go("no such issue", "/archive/999999", 404)
        post = a_post(self.session, slug=f"post-{self.code}", title="Vorto sep", summary="Vorto ok.", body="Vorto.\n")
        self.form.post_id = post.id
        other = a_post(self.session, slug=f"other-{self.code}", title="Vorto naŭ", summary="Vorto dek.")
        issue = an_issue(self.session, subject="Vorto.", preheader="Vorto.", body="Vorto.\n")
        self.session.commit()
        for name, path in (("post", f"/posts/{post.slug}"), ("posts", "/"), ("issues", "/archive")):
            self.go(name, path)
        self.go("issue", f"/archive/{issue.id}-vorto")
        self.go("feed", "/archive/feed.xml")
        issue.in_archive, post.state, self.form.state = False, "retired", FormState.RETIRED
        self.session.commit()
        self.go("issue gone", f"/archive/{issue.id}-vorto", 410)
        self.go("post gone", f"/posts/{post.slug}", 410)
        self.go("form closed", f"/f/{self.form.slug}", 410, email="ada@example.org")
        other.state = "retired"  # whoever comes next finds nothing to read
        self.session.commit()

    def walk(self):
        self.forms(), self.confirming(), self.preferences(), self.booking(), self.data(), self.reading()
        self.go("privacy", "/privacy")
        self.go("no such page", "/no-such-page", 404)
        self.go("no such method", "/privacy", 405, pressed="1")
        return {name: Told(html).words for name, html in self.found.items()}


def test_nothing_is_left_in_english(session, client, setting):
    english = Reader(session, client, "en").walk()
    left = {}
    for code in set(languages.codes()) - {"en"}:
        setting(PRACTICE_COUNTRY=COUNTRIES[code])
        pages = Reader(session, client, code).walk()
        for name, words in pages.items():
            if same := {word for word in words & english[name] if not is_the_same(word)}:
                left[code, name] = same
    assert not left


def is_the_same(words):
    """An issue is read, down to its footer, in the language it was written in."""
    typed = words.startswith(("Vorto", "Alessandro", "Privacy · Alessandro", "PDF, ", "if back pain comes with"))
    named = {language.name for language in languages.known()}  # each by its own
    return typed or words in THE_SAME | named or any(sign in words for sign in "@:/")
