"""What is being written, shown as its reader will see it."""

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.mail import render, targets
from funnel.models.mail import Link
from tests import factories
from tests.owner_data import Practice, press, signed_in, token

PAGE, EDITOR, PEOPLE = "/owner/mails/preview", "/owner/mails/1/edit", "/owner/preview/people"
BODY = (
    'Hello {{ first_name | default("there") }},\n\na tip.\n\n[Read](https://example.org/a)\n\n## Your turn\n\nWalk.\n'
)
TYPED = {
    "subject": 'A tip for {{ first_name | default("you") }}',
    "preheader": "What it is.",
    "body": BODY,
}


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


def shown(desk, page=PAGE, **changes):
    return press(desk, page, on=EDITOR, **(TYPED | changes))


def checked(desk, part=True, to="checks", **changes):
    found = token(desk, EDITOR)
    headers = {"X-Part": "1"} if part else {}
    return desk.post(
        f"{PAGE}/{to}", data={"csrf_token": found, "form_id": "editor", **TYPED, **changes}, headers=headers
    )


def test_the_frame_holds_the_mail_as_it_would_be_sent(desk, practice):
    answer = shown(desk, text_id="1")

    assert "Hello Rosalind," in answer.text
    assert "A tip for Rosalind" in answer.text
    assert practice.course.title in answer.text  # the footer says what one signed up for
    assert "{{" not in answer.text


def test_the_frame_can_do_nothing_and_stands_only_in_our_pages(desk, practice):
    answer = shown(desk)
    policy = answer.headers["Content-Security-Policy"]

    assert {"default-src 'none'", "form-action 'none'", "frame-ancestors 'self'"} <= set(policy.split("; "))
    assert policy.endswith("sandbox allow-same-origin")
    assert "script" not in policy
    assert "X-Frame-Options" not in answer.headers
    assert "frame-src 'self'" in desk.get(EDITOR).headers["Content-Security-Policy"]


def test_it_is_shown_in_either_scheme_and_as_text(desk, practice):
    light, dark = (shown(desk, scheme=scheme).text for scheme in ("light", "dark"))
    text = shown(desk, look="text", scheme="dark").text

    assert "@media all" in dark
    assert "@media not all" in light
    assert "Read:\nhttps://example.org/a" in text or "Read\nhttps://example.org/a" in text
    assert "color-scheme: dark" in text
    assert shown(desk, scheme="sepia", look="nonsense", reader="x").text == light


def test_it_is_shown_as_whom_one_likes(desk, practice):
    ada = practice.newcomer("Ada")
    practice.session.commit()

    assert "Hello there," in shown(desk, reader="nameless").text
    assert "Hello Maximiliana-Theodora" in shown(desk, reader="long").text
    assert "Hello Ada," in shown(desk, reader="person", reader_words=ada.email[:8]).text
    assert "Hello Ada," in shown(desk, reader="person", reader_words="ad").text
    assert "Hello Rosalind," in shown(desk, reader="person", reader_words="nobody").text


def test_whom_it_is_shown_as_is_said(desk, practice):
    for name in ("Ada", "Adam"):
        practice.newcomer(name)
    practice.session.commit()

    assert "for Ada" in checked(desk, reader="person", reader_words="ada").text
    assert "1 more begin like that" in checked(desk, reader="person", reader_words="ada").text
    assert "begins with “zoe”" in checked(desk, reader="person", reader_words="zoe").text
    assert "no name or address was typed" in checked(desk, reader="person").text


def test_people_are_offered_by_the_beginning_of_name_or_address(desk, practice):
    factories.a_subscriber(practice.session, email="ada@example.org", first_name="Ada")
    factories.a_subscriber(practice.session, email="a.lovelace@example.org", first_name="")
    factories.a_subscriber(practice.session, email=None, first_name="Ada")
    practice.session.commit()

    assert desk.get(f"{PEOPLE}?q=ADA").json == ["Ada · ada@example.org"]
    assert desk.get(f"{PEOPLE}", query_string={"q": "Ada · ada@example.org"}).json == ["Ada · ada@example.org"]
    assert desk.get(f"{PEOPLE}?q=a.").json == ["a.lovelace@example.org"]
    assert desk.get(f"{PEOPLE}?q=%25").json == desk.get(f"{PEOPLE}?q=").json == []


def test_what_keeps_it_from_being_a_mail_stands_in_the_frame_with_its_line(desk, practice):
    answer = shown(desk, body="One.\n\nTwo {{ frist_name }}\n", subject="{{")

    assert answer.status_code == 200
    assert "This is not a mail yet" in answer.text
    assert "<strong>Mail, line 3:</strong> “frist_name” is not a tag. Did you mean {{ first_name |" in answer.text
    assert "<strong>Subject:</strong>" in answer.text
    assert "Gmail would cut it off" in shown(desk, body="word " * 30_000).text


def test_what_was_typed_is_text_and_no_html(desk, practice):
    answer = shown(desk, subject="<script>x</script>", body="<img src=x onerror=alert(1)>\n\n{{ <b> }}")
    assert "<script>" not in answer.text
    assert "<img" not in answer.text
    assert "<b>" not in answer.text


@pytest.mark.parametrize("noun", ["newsletters", "notices"])
def test_newsletters_and_notices_have_the_same(desk, practice, noun):
    assert "Hello Rosalind," in shown(desk, f"/owner/{noun}/preview").text


def test_the_mail_that_asks_to_confirm_has_the_foot_it_is_sent_with(desk, practice):
    page = "/owner/notices/preview"
    assert "on no list yet" in shown(desk, page, about="confirmation").text
    assert "in nessuna lista" in shown(desk, page, about="confirmation:it").text
    assert "on no list yet" not in shown(desk, page, about="already_in").text


def test_looking_makes_no_links_and_counts_nothing(desk, practice):
    before = practice.session.scalars(select(Link.id)).all()
    shown(desk)
    assert practice.session.scalars(select(Link.id)).all() == before


def test_the_list_says_what_to_mend_and_the_line_in_the_list_of_mails(desk, practice):
    text = checked(desk, body=f"{BODY}\nThis cures you.\n").text

    assert "Not ready: 1 thing to mend" in text
    assert 'data-line="11" data-field="body">line 11<' in text
    assert '<span class="block">A tip for Rosalind</span>' in text
    assert "<!doctype" not in text


def test_without_script_the_list_is_a_page_that_keeps_what_was_typed(desk, practice):
    text = checked(desk, part=False, body=f"\n{BODY}</textarea><b>").text

    assert "<!doctype html>" in text
    assert '<textarea name="subject" hidden>' in text
    assert "&lt;/textarea&gt;" in text
    assert 'form="typed"' in text


def test_links_are_looked_at_by_a_worker_and_how_far_that_is_is_shown(desk, practice, monkeypatch):
    asked = []
    monkeypatch.setattr("funnel.web.owner.preview.nudge", lambda task: asked.append(task.name) or True)
    text = checked(desk, to="links").text

    assert asked == ["tasks.links.look"]
    assert '<progress max="1" value="0"' in text
    monkeypatch.setattr(targets, "look", lambda url: targets.Seen(targets.State.THERE))
    targets.look_at_some()
    assert "<progress" not in checked(desk).text


def test_a_worker_that_cannot_be_told_is_said(desk, practice, monkeypatch):
    monkeypatch.setattr("funnel.web.owner.preview.nudge", lambda task: False)
    assert "The worker could not be told" in checked(desk, to="links").text


def test_with_redis_away_the_preview_goes_on(desk, practice, frozen_redis):
    assert "Hello Rosalind," in shown(desk).text
    assert "Redis is away" in checked(desk, to="links").text


def test_the_editor_begins_with_what_is_kept(desk, practice):
    page = desk.get("/owner/mails/4/edit").text

    assert practice.steps[3].preheader in page
    assert "Ready to send." in page


def test_what_must_be_mended_cannot_be_saved_and_the_rest_can(desk, practice):
    typed = {"kind": "tip", "day": "4", "based_on": "1", "subject": "A walk", "preheader": practice.steps[2].preheader}
    lost = press(desk, "/owner/mails/3/edit", on=EDITOR, **typed, body="[Read](/posts/nothing)")
    warned = press(desk, "/owner/mails/3/edit", on=EDITOR, **typed, body="Walk a bit.")

    assert lost.status_code == 422
    assert "there is no post “nothing”" in lost.text
    assert warned.status_code == 303


def test_the_preview_is_what_a_test_of_it_would_be(desk, practice, monkeypatch):
    called = []
    usual = render.preview_sketch
    monkeypatch.setattr(render, "preview_sketch", lambda *given: called.append(given) or usual(*given))
    shown(desk)
    assert called[0][0].words.subject == TYPED["subject"]
