"""Forms made, copied, closed and put to use on the owner's pages."""

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.models.door import FormView
from funnel.models.people import Consent, Form, FormState, SignUp
from tests.factories import a_form, a_post, a_sequence
from tests.owner_data import press, signed_in
from tests.readers import as_sent, fields_of, fill_in


@pytest.fixture
def form(session):
    post = a_post(session, slug="backs", title="Backs")
    made = a_form(session, slug="tips", title="Tips", post_id=post.id)
    session.commit()
    return made


def test_a_form_is_made_from_the_words_it_begins_with_and_takes_people(app, session, client):
    a_sequence(session, title="Knees", slug="knees")
    session.commit()
    desk = signed_in(app)
    page = desk.get("/owner/forms/new")
    typed = fields_of(page) | {"course": "knees", "slug": "knee-tips"}
    typed.pop("csrf_token"), typed.pop("form_id")
    answer = press(desk, "/owner/forms/new", on="/owner/forms/new", **typed)

    assert answer.location == "/owner/forms/1"
    form = session.scalars(select(Form)).one()
    assert (form.slug, form.title, form.post_id) == ("knee-tips", "Knees", None)
    assert fill_in(client, form).status_code == 303
    assert "I can stop at any time" in session.scalars(select(SignUp.wording)).one()


def test_what_was_typed_stays_when_a_form_cannot_be_made(app, form):
    desk = signed_in(app)
    typed = {"title": "Mine", "promise": "A cure for all.", "slug": "tips", "course": ""}
    answer = press(desk, "/owner/forms/new", on="/owner/forms/new", **typed)

    assert answer.status_code == 422
    for words in (
        "“Tips” has this address",
        "Choose where this form leads",
        ">Words on the button</a>: It is empty.",
        'value="Mine"',
    ):
        assert words in answer.text


def test_without_a_course_the_page_leads_to_making_one(app):
    page = signed_in(app).get("/owner/forms/new").text

    assert "Make a course first" in page


def test_a_link_is_made_for_a_place_and_what_cannot_be_one_is_told(app, form):
    desk = signed_in(app)
    page = desk.get("/owner/forms/1?src=clinic-door").text
    assert "http://127.0.0.1:8000/f/tips?src=clinic-door</pre>" in page
    assert "name=&#34;src&#34; value=&#34;clinic-door&#34;" in page

    page = desk.get("/owner/forms/1?src=the+door").text
    assert "A source is a single word" in page
    assert 'value="the door"' in page
    assert "/f/tips</pre>" in page


def test_the_plain_form_is_one_that_we_take(app, session, client, form):
    import html

    page = html.unescape(signed_in(app).get("/owner/forms/1?src=door").text)
    plain = page[page.index('<form method="post" action="http://127.0.0.1:8000/f/tips"') :].partition("</pre>")[0]
    fields = fields_of(type("Page", (), {"text": plain}))
    assert fields == {"email": "", "first_name": "", "src": "door"}

    answer = client.post("/f/tips", data=fields | {"email": "ada@example.org"})
    assert answer.status_code == 422
    assert "One more tap" in answer.text


def test_a_retired_form_takes_nobody_and_says_where_to_go(app, session, client, form):
    a_form(session, slug="knees", title="Knees")
    session.commit()
    desk = signed_in(app)
    press(desk, "/owner/forms/1/retire", on="/owner/forms/1")

    seen, posted = client.get("/f/tips?src=door"), fill_in(client, form)
    assert (seen.status_code, posted.status_code) == (410, 410)
    assert "What you typed was not kept" in posted.text
    assert 'href="/f/knees?src=door"' in seen.text
    assert 'href="/posts/backs"' in seen.text
    assert session.scalars(select(SignUp)).all() == []
    assert session.scalars(select(FormView)).all() == []
    assert "<form" not in client.get("/posts/backs").text

    press(desk, "/owner/forms/1/bring-back", on="/owner/forms/1")
    assert fill_in(client, form).status_code == 303


def test_a_copy_is_made_and_its_editor_opened(app, session, form):
    desk = signed_in(app)
    assert press(desk, "/owner/forms/1/copy", on="/owner/forms/1").location == "/owner/forms/2/edit"

    assert session.get(Form, 2).slug == "tips-2"
    assert "It stands in no post yet" in desk.get("/owner/forms/2/edit").text


def test_a_form_that_is_not_seen_in_its_post_says_which_one_is(app, session, form):
    a_form(session, title="Second", post_id=form.post_id)
    session.commit()

    page = signed_in(app).get("/owner/forms/2").text
    assert "It is not seen in “Backs”" in page
    assert 'href="/owner/forms/1">Tips</a>' in page


def test_the_preview_is_the_hosted_form_of_what_is_typed(app, session, form):
    desk = signed_in(app)
    answer = press(desk, "/owner/forms/preview", on="/owner/forms/new", title="Typed", button="Go", scheme="dark")

    assert '<h1 dir="auto">Typed</h1>' in answer.text
    assert "@media all" in answer.text
    assert "Tips" in desk.get("/owner/forms/1/page").text
    assert desk.get("/owner/forms/1/page?scheme=pink").status_code == 404
    assert session.scalars(select(FormView)).all() == []


def test_other_words_leave_those_alone_that_somebody_agreed_to(app, session, client, form):
    from funnel.audience import settle

    fill_in(client, form)
    settle.settle(session, 1, utc_now())
    session.commit()
    desk = signed_in(app)
    typed = fields_of(desk.get("/owner/forms/1/edit"))
    said = {name: typed[name] for name in ("title", "promise", "rhythm", "leaving", "button")}
    chosen = {"wording": "Other words.", "post": "backs", "course": session.get(Form, 1).slug and "course-gone"}
    assert (
        press(desk, "/owner/forms/1/edit", on="/owner/forms/1/edit", based_on="0", **said, **chosen).status_code == 422
    )
    chosen["course"] = desk.get("/owner/forms/1/edit").text.split('<option value="course-')[1].partition('"')[0]
    chosen["course"] = f"course-{chosen['course']}"
    press(desk, "/owner/forms/1/edit", on="/owner/forms/1/edit", based_on="0", **said, **chosen)

    session.expire_all()
    assert session.get(Form, 1).wording == "Other words."
    assert session.get(Form, 1).state is FormState.OPEN
    assert session.scalars(select(Consent.wording)).one() == "Send me the back-care course by mail."


def test_a_new_form_begins_with_words_in_the_language_that_is_chosen(app, session):
    a_sequence(session, title="Rücken", slug="ruecken")
    session.commit()
    desk = signed_in(app)
    page = desk.get("/owner/forms/new?language=de")
    typed = fields_of(page)
    assert typed["wording"].startswith("Bitte schicken Sie mir die E-Mails")
    assert '<option value="de" selected>German (Deutsch)</option>' in page.text
    assert 'value="Send me the mails"' in desk.get("/owner/forms/new?language=tlh").text


def test_the_practice_s_country_says_in_which_language_a_form_begins(app, session, setting):
    setting(PRACTICE_COUNTRY="IT")
    assert "Voglio ricevere le e-mail" in signed_in(app).get("/owner/forms/new").text


def test_a_form_is_given_another_language_and_gets_it_back_with_its_words(app, session, client, form):
    desk = signed_in(app)
    page = desk.get("/owner/forms/1/edit")
    said = as_sent(page) | {"title": "Consigli", "language": "it"}
    said.pop("csrf_token")
    press(desk, "/owner/forms/1/edit", on="/owner/forms/1/edit", **said)
    assert '<html lang="it"' in client.get("/f/tips").text
    assert "Italian" in desk.get("/owner/forms/1").text
    assert "Indirizzo e-mail" in desk.get("/owner/forms/1/blog").text
