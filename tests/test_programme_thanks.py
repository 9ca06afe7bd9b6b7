"""The page of one's own site that a sign-up leads to: exact, trusted, and with nothing of the reader in it."""

import pytest
from sqlalchemy import select

from funnel import config
from funnel.models.house import Role
from funnel.models.people import Form
from funnel.programme import form_words, thanks
from tests.factories import a_form, a_sequence
from tests.owner_data import press, signed_in
from tests.readers import fields_of, fill_in

PAGE = "https://blog.example.org/thank-you?from=form"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("http://blog.example.org/", "begins with https"),
        ("/thank-you", "begins with https"),
        ("javascript:alert(1)", "begins with https"),
        ("https://blog.example.org/?email={email}", "Nothing about the reader"),
        ("https://blog.example.org/?email=%%email%%", "Nothing about the reader"),
        ("https://blog.example.org/a b", "sign that no address has"),
        ("https://blog.example.org/\r\nSet-Cookie: a=b", "sign that no address has"),
        ("https://blog.example.org@evil.example/", "before the sign @"),
        ("https://blog.example.org/" + "a" * 500, "longer than 500"),
        (7, "in quotes"),
    ],
)
def test_what_is_no_such_address_is_told_with_its_mend(typed, words):
    with pytest.raises(ValueError, match=words):
        thanks.url(typed)


def test_only_sites_of_the_list_are_trusted_and_ours(setting):
    setting(SITES="https://blog.example.org *.example.net")
    trusted = (PAGE, "https://a.example.net/", "http://127.0.0.1:8000/posts/x")
    assert all(map(thanks.is_trusted, trusted))
    assert not any(map(thanks.is_trusted, ("", "https://example.org/", "https://blog.example.org.evil.example/")))


def test_a_form_that_would_lead_elsewhere_is_not_saved_and_the_list_is_named(session, setting):
    form = a_form(session)
    typed = form_words.typed(session, form) | {"thanks_url": PAGE}
    _, (fault,) = form_words.read(session, typed)
    assert (fault.field, "is not among your sites" in fault.text) == ("thanks_url", True)
    setting(SITES="https://blog.example.org")
    values, faults = form_words.read(session, typed)
    assert (values["thanks_url"], faults) == (PAGE, [])


def test_hosted_and_plain_lead_there_exactly_and_a_robot_too(session, client, setting):
    setting(SITES="https://blog.example.org")
    form = a_form(session, slug="tips", thanks_url=PAGE)
    session.commit()
    hosted = fill_in(client, form, src="my-post", utm_source="letter")
    assert (hosted.status_code, hosted.location) == (303, PAGE)
    assert fill_in(client, form, website="https://spam.example").location == PAGE
    tap = fill_in(client, form, token=None, email="b@example.org")
    assert tap.status_code == 422
    policy = tap.headers["Content-Security-Policy"]
    assert "form-action 'self' https://blog.example.org;" in policy
    assert "https://blog" not in client.get("/privacy").headers["Content-Security-Policy"]
    again = client.get(fill_in(client, form, "/f/tips/embed").location)
    assert f'href="{PAGE}"' in again.text
    assert "Send the mail again" in again.text


def test_once_a_site_is_off_the_list_nobody_is_led_there(session, client):
    form = a_form(session, thanks_url=PAGE)
    session.commit()
    assert fill_in(client, form).location.startswith(f"/f/{form.slug}/sent?t=")
    assert "blog.example.org" not in client.get(f"/f/{form.slug}").headers["Content-Security-Policy"]


def test_the_editor_takes_both_offers_a_colour_that_can_be_read_and_they_come_back_by_a_revision(app, session, setting):
    setting(SITES="https://blog.example.org")
    form = a_form(session, slug="tips")
    session.commit()
    desk, here = signed_in(app), "/owner/forms/1/edit"
    typed = fields_of(desk.get(here)) | {"course": form_words.typed(session, form)["course"], "post": ""}
    for name in ("csrf_token", "form_id", "version", "text_id"):
        typed.pop(name, None)
    refused = press(desk, here, on=here, **(typed | {"accent": "#ffd400"}))
    assert refused.status_code == 422
    assert "It is too light: words in #ffd400" in refused.text
    assert 'data-take="#' in refused.text
    press(desk, here, on=here, **(typed | {"accent": "#8a1c5b", "thanks_url": PAGE}))
    session.expire_all()
    assert (form.accent, form.thanks_url) == ("#8a1c5b", PAGE)
    assert "not led there" not in desk.get("/owner/forms/1").text
    setting(SITES="https://other.example.org")
    assert "not led there" in desk.get("/owner/forms/1").text
    setting(SITES="https://blog.example.org")
    for page in ("/f/tips", "/f/tips/embed"):
        assert '<link rel="stylesheet" href="/colours/8a1c5b.css">' in app.test_client().get(page).text
    assert "--accent: #8a1c5b" in desk.get("/owner/forms/1/page").text
    press(desk, "/owner/forms/1/revisions/1/restore", on="/owner/forms/1")
    session.expire_all()
    assert (form.accent, form.thanks_url) == ("", "")


def test_a_colour_is_a_style_sheet_that_may_be_kept_for_good(client):
    sheet = client.get("/colours/8a1c5b.css")
    assert "--accent: #8a1c5b;" in sheet.text
    assert "prefers-color-scheme: dark" in sheet.text
    assert "immutable" in sheet.headers["Cache-Control"]
    for wrong in ("8a1c5", "8A1C5B", "8a1c5b}body{"):
        assert client.get(f"/colours/{wrong}.css").status_code == 404


def fields(desk, here, **changes):
    """An editor's form as it stands, with what is changed in it."""
    typed = fields_of(desk.get(here)) | changes
    return {name: text for name, text in typed.items() if name not in {"csrf_token", "form_id", "version", "text_id"}}


def test_a_site_that_is_missing_is_added_from_the_editor_with_all_that_was_typed(app, session):
    form = a_form(session, slug="tips")
    session.commit()
    desk, here = signed_in(app), "/owner/forms/1/edit"
    typed = fields(desk, here, course=form_words.typed(session, form)["course"], title="Mine", thanks_url=PAGE)
    refused = press(desk, here, on=here, **typed)
    assert 'name="site" value="https://blog.example.org">Add https://blog.example.org to your sites' in refused.text

    saved = press(desk, here, on=here, **typed, site="https://blog.example.org")

    session.expire_all()
    assert (saved.location, form.title, form.thanks_url) == ("/owner/forms/1", "Mine", PAGE)
    assert config.settings().sites == ("https://blog.example.org",)


def test_a_new_form_is_made_with_the_site_that_it_leads_to(app, session):
    a_sequence(session, slug="knees")
    session.commit()
    desk, here = signed_in(app), "/owner/forms/new"
    typed = fields(desk, here, course="knees", thanks_url=PAGE)
    assert "to your sites, and save" in press(desk, here, on=here, **typed).text

    press(desk, here, on=here, **typed, site="https://blog.example.org")

    assert session.scalars(select(Form.thanks_url)).one() == PAGE


def test_only_an_owner_adds_a_site_and_an_editor_is_told_so(app, session):
    form = a_form(session, slug="tips")
    session.commit()
    desk, here = signed_in(app, Role.EDITOR), "/owner/forms/1/edit"
    typed = fields(desk, here, course=form_words.typed(session, form)["course"], thanks_url=PAGE)
    refused = press(desk, here, on=here, **typed, site="https://blog.example.org")

    assert (refused.status_code, "An owner can add it" in refused.text) == (422, True)
    assert config.settings().sites == ()


def test_a_site_that_left_the_list_is_put_back_from_the_forms_page(app, session):
    a_form(session, slug="tips", thanks_url=PAGE)
    session.commit()
    desk, here = signed_in(app), "/owner/forms/1"
    assert "Add https://blog.example.org to your sites" in desk.get(here).text

    press(desk, "/owner/settings/sites/add", on=here, site="https://blog.example.org", back=here)

    assert "not led there" not in desk.get(here).text
