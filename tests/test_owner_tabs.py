"""The tabs above the owner's pages."""

from funnel.programme import translations
from funnel.web import edge
from funnel.web.owner import manners, tabs
from tests.conftest import NOW
from tests.factories import a_post, a_sequence, a_step, an_issue
from tests.owner_data import signed_in


def test_every_page_stands_under_exactly_one_tab_or_is_about_signing_in():
    owners = [name.removeprefix("owner.") for name in edge.BLUEPRINTS if name.startswith("owner.")]
    placed = [name for tab in tabs.TABS for name in tab.blueprints]
    assert sorted([*placed, *tabs.OF_TEXTS, *tabs.APART]) == sorted(owners)


def test_every_kind_of_text_stands_under_exactly_one_tab():
    assert sorted(noun for tab in tabs.TABS for noun in tab.nouns) == sorted(manners.LOOKS)


def test_the_tab_of_a_page_is_marked_and_the_list_itself_as_the_page(app, session):
    a_post(session)
    session.commit()
    desk = signed_in(app)
    assert '<a href="/owner/forms" aria-current="true">' in desk.get("/owner/posts/1/edit").text
    assert '<a href="/owner/people" aria-current="page">' in desk.get("/owner/people").text
    assert '<a href="/owner/people" aria-current="true">' in desk.get("/owner/tags").text
    assert '<a href="/owner/mails" aria-current="true">' in desk.get("/owner/calendar").text


def test_a_translation_stands_under_the_tab_of_its_original(app, session):
    mail, issue = a_step(session, a_sequence(session, days=()), 0), an_issue(session)
    ids = [translations.begin(session, one, "it", NOW) for one in (mail, issue)]
    session.commit()
    desk = signed_in(app)
    for number, tab in zip(ids, ("mails", "newsletters"), strict=True):
        assert f'<a href="/owner/{tab}" aria-current="true">' in desk.get(f"/owner/translations/{number}/edit").text
