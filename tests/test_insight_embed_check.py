"""What is told of a page in which a form stands, or should."""

import pytest

from funnel.config import settings
from funnel.insight import embed_check, embeds
from funnel.insight.far_page import FarPage
from funnel.models.people import FormState
from tests.factories import a_form

MENDS = ("Copy the code", "Open the page", "Send these words", "Ask its host")  # what a lay person can do next
BASE = "https://mail.example.org"
PAGE = "https://blog.example.net/post"
SCRIPT = (
    '<script async src="https://mail.example.org/embed.js" data-form="tips" data-src="my-post" data-title="Tips">'
    "</script>"
)
FRAME = '<iframe src="https://mail.example.org/f/tips/embed?src=my-post" {}></iframe>'
PLAIN = (
    '<form method="post" action="https://mail.example.org/f/tips">'
    '<input name="email"><input name="src" value="p"></form>'
)


@pytest.fixture
def form(session, setting, monkeypatch):
    setting(SITES="https://blog.example.net")
    house = settings()
    monkeypatch.setattr(embed_check, "settings", lambda: _at(house))
    return a_form(session, slug="tips", title="Tips")


def _at(house):
    import dataclasses

    return dataclasses.replace(house, base_url=BASE)


def code(form, look):
    """What a form of these words is copied as."""
    marks = f'data-form="{form.slug}" data-look="{look}" data-title="{form.title}"'
    if form.language != "en":
        marks += ' data-close="Schließen"' + f' data-news="„{form.title}“ ist da."' * (look == "slide-in")
    if look == "button":
        marks += f' data-words="{form.button}"' + f' data-colour="{form.accent}"' * bool(form.accent)
    return f'<script async src="{BASE}/embed.js" {marks}></script>'


def told(session, form, html, url=PAGE, **more):
    headers = tuple((name.replace("_", "-").lower(), value) for name, value in more.pop("headers", {}).items())
    page = FarPage(url, headers, html.encode(), **more)
    return [(one.level, one.words) for one in embed_check.findings(session, page, embeds.seen(page), form, code)]


def test_each_way_is_found_with_its_form_and_place(session, form):
    for html, words in (
        (SCRIPT, "“Tips” stands there: the code with script. Whoever signs up there is counted under “my-post”."),
        (SCRIPT.replace("data-form", 'data-look="slide-in" data-form'), "as a slide-in"),
        (FRAME.format(""), "“Tips” stands there: a frame. Whoever signs up there is counted under “my-post”."),
        ('<iframe data-lazy-src="https://mail.example.org/f/tips/embed"></iframe>', "It names no place"),
        (PLAIN, "a form of its own HTML. Whoever signs up there is counted under “p”."),
        ('<a href="https://mail.example.org/f/tips?src=button">Tips</a>', "a link. Whoever signs up there"),
        (SCRIPT.replace('"tips"', '" Tips "'), "“Tips” stands there"),
        (FRAME.format("").replace("f/tips/embed", "f/TIPS/embed/"), "“Tips” stands there"),
        ('<a href="https://mail.example.org/f/%20Tips/">Tips</a>', "“Tips” stands there"),
    ):
        ((level, said),) = told(session, form, html)
        assert (level, words in said or said) == ("good", True)


@pytest.mark.parametrize(
    ("html", "level", "words"),
    [
        (SCRIPT.replace("tips", "tops"), "alarm", "for “tops”, and you have no form of that name"),
        (SCRIPT.replace("https://mail", "http://mail"), "alarm", "must be https://"),
        (SCRIPT.replace("mail.example", "old.example"), "warn", "names https://old.example.org"),
        (SCRIPT.replace("data-form", 'data-look="popup" data-form'), "alarm", "the look “popup”, which there is not"),
        (FRAME.format("sandbox='allow-scripts'"), "alarm", "without allow-forms"),
        (FRAME.format("").replace("/embed", ""), "alarm", "must end in /embed"),
        (PLAIN.replace("post", "get"), "alarm", 'method="post"'),
        (PLAIN.replace('name="email"', 'name="mail"'), "alarm", "no field called “email”"),
        (PLAIN.replace("<form", '<form enctype="text/plain"'), "alarm", "as plain text"),
        (
            '<meta http-equiv="Content-Security-Policy" content="script-src \'self\'">' + SCRIPT,
            "alarm",
            "to script-src",
        ),
        ('<p>Words</p><a href="https://other.example/f/tips">x</a>', "warn", "None of your forms stands"),
        (
            "<p>x</p><noscript>" + FRAME.format("") + "</noscript><template>" + PLAIN + "</template>",
            "warn",
            "None of your forms",
        ),
        (f"<!-- {SCRIPT} --><pre>&lt;script data-form</pre>", "warn", "None of your forms"),
        (b"\xff\xfe<\x00".decode("latin-1"), "warn", "None of your forms"),
    ],
)
def test_what_is_wrong_is_told_with_its_mend(session, form, html, level, words):
    found = told(session, form, html)
    assert any(at == level and words in said for at, said in found), found
    assert all(level == "good" or any(mend in said for mend in MENDS) for level, said in found), found


def test_the_sites_own_policy_names_what_must_be_added(session, form):
    policy = {"Content_Security_Policy": "default-src 'self'; script-src https://mail.example.org"}
    found = told(session, form, SCRIPT, headers=policy)
    words = "The site’s security policy keeps it out. It must add https://mail.example.org to default-src. Send"
    assert [(level, said[: len(words)]) for level, said in found[1:]] == [("alarm", words)]


def test_a_site_that_is_not_listed_may_be_added_and_one_without_https_may_not(session, form):
    page = FarPage("https://other.example/", (), SCRIPT.encode())
    (_, missing) = embed_check.findings(session, page, embeds.seen(page), form, code)
    assert (missing.level, missing.site) == ("alarm", "https://other.example")
    page = FarPage("http://other.example/", (), SCRIPT.encode(), was_secure=False, is_cut=True)
    found = embed_check.findings(session, page, embeds.seen(page), form, code)
    assert [one.site for one in found] == [""] * 4
    assert ["https on" in one.words for one in found] == [False, True, True, False]
    assert "only its beginning" in found[-1].words


def test_another_form_and_a_retired_one_are_told(session, form):
    other = a_form(session, slug="knees", title="Knees", state=FormState.RETIRED)
    found = told(session, form, SCRIPT.replace("tips", "knees").replace("Tips", "Knees"))
    assert found[0][0] == "warn"
    assert "Another form of yours, “Knees”," in found[0][1]
    assert "is retired" in found[1][1]
    assert told(session, other, SCRIPT.replace("tips", "knees"))[0][0] == "good"


def test_a_code_is_old_once_its_words_its_language_or_its_colour_are_not_the_forms_any_more(session, form):
    pasted = {look: code(form, look) for look in embeds.LOOKS}
    assert [len(told(session, form, html)) for html in pasted.values()] == [1, 1, 1]
    for changes, words in (
        ({"title": "Knees"}, {"its name says “Tips” and the form’s says “Knees”": set(pasted)}),
        ({"button": "Yes, please"}, {"and the form’s says “Yes, please”": {"button"}}),
        ({"language": "de"}, {"not in the form’s language": set(pasted)}),
        ({"accent": "#8a1c5b"}, {"the form’s colour is #8a1c5b now": {"button"}}),
    ):
        before = {name: getattr(form, name) for name in changes}
        for name, value in changes.items():
            setattr(form, name, value)
        new = {look: code(form, look) for look in embeds.LOOKS}
        ((said, looks),) = words.items()
        found = {look: told(session, form, html)[1:] for look, html in pasted.items()}
        assert {look for look, lines in found.items() if any(said in line for _, line in lines)} == looks
        assert {look for look, lines in found.items() if lines} == looks
        assert all(f"with the look “{embeds.LOOKS[look]}”" in line for look in looks for _, line in found[look])
        assert [len(told(session, form, html)) for html in new.values()] == [1, 1, 1]
        for name, value in before.items():
            setattr(form, name, value)
        back = [told(session, form, html)[1:] for look, html in new.items() if look in looks]
        assert all(back)


def test_a_frames_name_that_is_another_than_the_forms_is_told_and_none_is_not(session, form):
    assert "its name says “Toes”" in told(session, form, FRAME.format('title="Toes"'))[1][1]
    assert len(told(session, form, FRAME.format(""))) == len(told(session, form, FRAME.format('title="Tips"'))) == 1


def test_the_builder_of_a_page_and_its_base_are_read(session, form):
    html = '<base href="https://mail.example.org/"><meta name="Generator" content="Wix.com"><a href="f/tips">x</a>'
    assert "made with WordPress.com:" in told(session, form, '<meta name="generator" content="WordPress.com">')[0][1]
    seen = embeds.seen(FarPage(PAGE, (), html.encode()))
    assert (seen.builder, seen.embeds[0].at) == ("Wix", "https://mail.example.org/f/tips")


def test_a_site_that_another_leads_on_to_is_not_offered_for_the_list(session, form):
    page = FarPage("https://other.example/", (), SCRIPT.encode(), asked="https://typed.example/")
    (_, missing) = embed_check.findings(session, page, embeds.seen(page), form, code)
    assert missing.site == ""
    assert "https://typed.example leads there" in missing.words


def test_a_page_of_elements_deep_in_each_other_is_read_to_its_end():
    html = "<div><script></script>" * 60_000 + SCRIPT
    seen = embeds.seen(FarPage(PAGE, (), html.encode()), seconds=60)
    assert ([embed.slug for embed in seen.embeds], seen.is_cut) == (["tips"], False)


def test_a_page_that_takes_too_long_is_read_no_further(session, form):
    page = FarPage(PAGE, (), SCRIPT.encode())
    seen = embeds.seen(page, seconds=0)
    assert (seen.embeds, seen.is_cut) == ([], True)
    assert "only its beginning" in embed_check.findings(session, page, seen, form, code)[-1].words


def test_of_a_page_full_of_code_some_is_looked_at():
    html = (FRAME.format("") + " " * embeds.PIECE) * (embeds.MOST + 10)
    assert len(embeds.seen(FarPage(PAGE, (), html.encode())).embeds) <= embeds.MOST + 1


def test_code_shown_as_text_and_a_template_in_a_template_are_none():
    nested = f"<template><template></template>{PLAIN}</template>"
    html = f"<textarea>{SCRIPT}</textarea><xmp>{SCRIPT}</xmp>{nested}{SCRIPT}"
    assert [embed.what for embed in embeds.seen(FarPage(PAGE, (), html.encode())).embeds] == ["script"]
