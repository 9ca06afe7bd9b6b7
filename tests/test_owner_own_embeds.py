"""“Put it on your blog”: the codes, the looks, and the look at the owner's own page."""

import html
import re

import pytest
from sqlalchemy import select

from funnel.config import settings
from funnel.house import stored
from funnel.insight import far_net
from funnel.insight.far_net import Net
from funnel.models.door import FormView
from funnel.models.house import AuditEntry, Role
from funnel.web.owner import own_embeds
from tests.factories import a_form
from tests.owner_data import press, signed_in
from tests.readers import fields_of, fill_in
from tests.test_insight_far_page import says, site

HERE = "/owner/forms/1/blog"


@pytest.fixture
def form(session):
    form = a_form(session, slug="tips", title="Tips & tricks", accent="#8a1c5b")
    session.commit()
    return form


def codes(page):
    found = re.findall(r'<pre[^>]*id="code-(\w+)"[^>]*>(.*?)</pre>', page.text, re.DOTALL)
    return {name: html.unescape(text) for name, text in found}


def test_the_codes_name_the_form_its_place_and_its_look(app, session, form):
    desk = signed_in(app)
    found = codes(desk.get(f"{HERE}?src=my-post&look=button"))
    for mark in ('data-form="tips"', 'data-look="button"', 'data-src="my-post"', 'data-colour="#8a1c5b"'):
        assert mark in found["script"]
    assert 'data-title="Tips &amp; tricks"' in found["script"]
    assert '<a href="http://127.0.0.1:8000/f/tips?src=my-post">' in found["script"]
    assert 'src="http://127.0.0.1:8000/f/tips/embed?src=my-post"' in found["frame"]
    assert found["link"] == "http://127.0.0.1:8000/f/tips?src=my-post"
    assert "data-close" not in found["script"]
    form.language = "de"
    session.commit()
    assert 'data-close="' in codes(desk.get(HERE))["script"]
    assert "data-news" not in codes(desk.get(HERE))["script"]
    assert 'data-news="„Tips &amp; tricks“' in codes(desk.get(f"{HERE}?look=slide-in"))["script"]
    plain = codes(desk.get(f"{HERE}?look=none&src=no+word"))
    assert 'data-look="inline"' in plain["script"]
    assert "data-src" not in plain["script"]


def test_a_frame_for_a_site_that_is_never_dark_is_always_light(app, client, session, form):
    desk = signed_in(app)
    page = desk.get(f"{HERE}?src=my-post&scheme=light&look=button")
    address = "http://127.0.0.1:8000/f/tips/embed?src=my-post&scheme=light"
    assert f'src="{html.escape(address)}"' in codes(page)["frame"]
    assert f"{html.escape(address)}</code>" in page.text  # for Wix
    assert "scheme" not in codes(page)["script"] + codes(page)["link"]
    assert 'content="light"' in client.get(address.removeprefix("http://127.0.0.1:8000")).text
    assert "/blog?look=inline&amp;src=my-post&amp;scheme=light" in page.text
    assert "scheme=light" not in desk.get(f"{HERE}?scheme=dark").text


def test_the_plain_code_is_taken_after_one_more_tap(app, client, form):
    plain = codes(signed_in(app).get(HERE))["plain"]
    fields = fields_of(type("Page", (), {"text": plain}))
    tap = client.post("/f/tips", data=fields | {"email": "ada@example.org"}, headers={"Origin": "null"})
    assert "One more tap" in tap.text
    assert fill_in(client, form).status_code == 303


def test_each_look_is_tried_in_a_post_of_ours_and_counts_as_no_view(app, session, form):
    desk = signed_in(app)
    for look in ("inline", "slide-in", "button"):
        page = desk.get(f"{HERE}/{look}")
        assert f'data-look="{look}"' in page.text
        assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
        assert "X-Frame-Options" not in page.headers
    assert desk.get(f"{HERE}/popup").status_code == 404
    assert session.scalars(select(FormView)).all() == []


def look_at(desk, monkeypatch, body, status=200, path="/post"):
    with site(says(status, body.encode())) as (port, _):
        net = Net(lambda name, _: ["127.0.0.1"], lambda _: True, (port,))
        monkeypatch.setattr(far_net, "PUBLIC", net)
        return press(desk, f"{HERE}/check", on=HERE, page=f"http://blog.example.org:{port}{path}")


def test_a_page_is_looked_at_and_told(app, form, monkeypatch):
    desk = signed_in(app)
    answer = look_at(desk, monkeypatch, '<script src="http://127.0.0.1:8000/embed.js" data-form="tips"></script>')
    assert answer.status_code == 200
    for words in ("<strong>Good.</strong>", "“Tips &amp; tricks” stands there", "is not among your sites"):
        assert words in answer.text
    assert 'value="http://blog.example.org' in answer.text
    assert "its name says nothing and the form’s says “Tips &amp; tricks”" in answer.text


def test_code_that_is_pasted_as_it_was_copied_is_not_old(app, session, form, monkeypatch):
    desk = signed_in(app)
    form.language = "de"
    session.commit()
    for look in ("inline", "slide-in", "button"):
        pasted = codes(desk.get(f"{HERE}?src=my-post&look={look}"))["script"]
        assert "It is an old code" not in look_at(desk, monkeypatch, pasted).text
    form.language = "fr"
    session.commit()
    assert "with the look “Button”" in look_at(desk, monkeypatch, pasted).text


def test_what_cannot_be_looked_at_is_told_and_stays_typed(app, form, monkeypatch):
    desk = signed_in(app)
    answer = look_at(desk, monkeypatch, "", status=404)
    assert answer.status_code == 422
    assert "There is no page at this address" in answer.text
    assert 'aria-invalid="true"' in answer.text
    private = press(desk, f"{HERE}/check", on=HERE, page="http://127.0.0.1/")
    assert private.status_code == 422
    monkeypatch.undo()
    private = press(desk, f"{HERE}/check", on=HERE, page="http://169.254.169.254/latest/meta-data")
    assert "in a private network" in private.text


def test_too_many_looks_wait(app, form, monkeypatch):
    monkeypatch.setattr(own_embeds, "CHECKS", 1)
    desk = signed_in(app)
    answers = [press(desk, f"{HERE}/check", on=HERE, page="http://127.0.0.1/").status_code for _ in range(2)]
    assert answers == [422, 429]


def test_a_missing_site_is_added_by_a_press_told_to_the_audit_and_taken_back(app, session, form):
    desk = signed_in(app)
    assert "No other site may show this form yet" in desk.get(HERE).text
    typed = {"site": "https://blog.example.org", "back": HERE}
    answer = press(desk, "/owner/settings/sites/add", on=HERE, **typed)
    assert answer.location == HERE
    page = desk.get(HERE).text
    assert "pages of https://blog.example.org may show your forms now" in page
    assert settings().sites == ("https://blog.example.org",)
    entry = session.scalars(select(AuditEntry)).one()
    assert entry.detail["about"] == "sites"
    press(desk, f"/owner/settings/undo/{entry.id}", on=HERE)
    stored.forget()
    assert settings().sites == ()


def test_what_is_no_site_is_not_added_nor_where_the_environment_says_it(app, form, setting):
    desk = signed_in(app)
    press(desk, "/owner/settings/sites/add", on=HERE, site="https://*.co.uk", back="https://evil.example/")
    assert "Not added:" in desk.get(HERE).text
    setting(SITES="https://one.example.org")
    press(desk, "/owner/settings/sites/add", on=HERE, site="https://blog.example.org", back=HERE)
    assert "by the variable SITES" in desk.get(HERE).text
    assert settings().sites == ("https://one.example.org",)


def test_an_editor_is_told_who_can_add_a_site(app, form):
    desk = signed_in(app, Role.EDITOR)
    page = desk.get(HERE).text
    assert "an owner can, in the settings" in page
    assert "/owner/settings/sites" not in page
    assert press(desk, "/owner/settings/sites/add", on=HERE, site="https://a.example.org").status_code == 403


def test_the_sites_are_a_setting_with_a_line_each(app, form):
    desk = signed_in(app)
    page = "/owner/settings/sites"
    mark = re.search(r'name="mark" value="(\w+)"', desk.get(page).text)[1]
    wrong = press(desk, page, on=page, mark=mark, SITES="https://a.example.org\r\nhttp://b.example.org")
    assert wrong.status_code == 422
    assert "Use https://" in wrong.text
    assert ">\nhttps://a.example.org\nhttp://b.example.org</textarea>" in wrong.text
    press(desk, page, on=page, mark=mark, SITES="a.example.org\r\n*.b.example.org")
    assert settings().sites == ("https://a.example.org", "https://*.b.example.org")
    assert "https://a.example.org, https://*.b.example.org" in desk.get("/owner/settings").text
