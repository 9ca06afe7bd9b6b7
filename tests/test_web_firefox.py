"""The form on other people's sites, in Debian's Firefox, by keyboard alone: from seeing it to the mail that asks."""

import pytest

from funnel.web.pages import trap
from tests import foreign
from tests.blog_site import PARAGRAPH
from tests.factories import a_form
from tests.foreign import BUTTON, CODES, SLUG, TITLE

pytestmark = pytest.mark.browser
PARTITIONED = (
    5  # network.cookie.cookieBehavior: what others keep is kept apart for each site, “total cookie protection”
)
IS_THERE = "document.readyState === 'complete' && !!document.forms.length"
WITHOUT_SCRIPT = ("frame", "sandbox without script", "plain", "plain in a sandbox")


@pytest.fixture
def ways(live, blog, session, setting, monkeypatch):
    monkeypatch.setattr(trap, "SOONEST_S", 0)
    setting(SITES=f"{blog.origin} {blog.other}")
    a_form(session, slug=SLUG, title=TITLE, button=BUTTON)
    session.commit()
    return foreign.put_up(blog, live)


def sign_up(firefox, live, way, address):
    begins = "" if way.startswith("plain") else live
    firefox.until(IS_THERE, begins)
    firefox.tab_to("email", begins)
    firefox.type(address)
    firefox.press("Enter")
    if not begins:
        firefox.says("One more tap")
        firefox.tab_to(BUTTON)
        firefox.press("Enter")
    firefox.says("Now look into your mail", begins)


def test_every_way_leads_to_the_mail_while_cookies_are_kept_apart(firefox, live, session, sink, ways):
    assert firefox.order("own", expression="Services.prefs.getIntPref('network.cookie.cookieBehavior')") == PARTITIONED
    for number, (way, here) in enumerate(ways.items()):
        firefox.open(here)
        sign_up(firefox, live, way, f"ada{number}@example.org")
        assert (way, "/confirm/" in foreign.mail_to(session, sink, f"ada{number}@example.org")) == (way, True)
        assert firefox.order("cookies") == 0


def test_so_does_each_that_needs_no_script_where_there_is_none(firefox, live, session, sink, ways):
    for number, way in enumerate(WITHOUT_SCRIPT):
        firefox.open(ways[way], script=False)
        sign_up(firefox, live, way, f"eve{number}@example.org")
        assert (way, "/confirm/" in foreign.mail_to(session, sink, f"eve{number}@example.org")) == (way, True)


def test_the_slide_in_is_reached_closed_and_stays_away(firefox, live, blog, ways):
    code = CODES["script"].format(live=live).replace("async", 'async data-look="slide-in"')
    here = blog.put("/slides", f"<article>{PARAGRAPH * 30}<a href='#'>The end</a></article>{code}")
    firefox.open(here)
    panel = "document.querySelector('body > div')?.shadowRoot.querySelector('[role=region]:not([hidden])')"
    firefox.press("End")
    firefox.until(f"!!{panel}")
    firefox.until(IS_THERE, live)
    firefox.tab_to("The end")
    firefox.tab_to("email", live)
    firefox.press("Escape")
    firefox.until(f"!{panel}")
    firefox.until("document.activeElement.textContent === 'The end'")
    firefox.order("open", url=here)
    firefox.until("document.readyState === 'complete'")
    firefox.press("End")
    assert not firefox.see(panel)
