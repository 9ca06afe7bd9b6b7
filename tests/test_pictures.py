"""README's pictures, taken from the pages as they are. `make pictures` keeps them in docs/pictures."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from funnel import tokens
from funnel.audience import risk, segments, settle
from funnel.audience.risk import Sign
from funnel.db import utc_now
from funnel.insight import tallies
from funnel.mail import render
from funnel.models.content import Step
from funnel.models.people import Form, SignUpState, Subscriber, SubscriberState
from funnel.tokens import Purpose
from funnel.web.owner import accounts
from tests.audience_cast import confirms, signs_up
from tests.factories import a_sign_up
from tests.owner_data import EMAIL, PASSWORD, Practice
from tests.result_cast import shelf

ROOT = Path(__file__).parent.parent
PNG = b"\x89PNG"
OWNERS = {
    "course": "/owner/mails",
    "newsletter": "/owner/newsletters/3",
    "results": "/owner/newsletters/900/results",
    "segment": "/owner/segments/1",
    "editor": "/owner/mails/4/edit",
    "figures": "/owner/figures",
    "person": "/owner/people/40",
    "forms": "/owner/forms",
    "settings": "/owner/settings",
    "blog": "/owner/forms/1/blog",
    "refused": "/owner/door",
}
READERS = ("post", "form", "on-a-blog", "slide-in", "preferences")
KEPT_OUT = {
    "vwqzkrt@mailinator.com": (settle.NETWORK_LIMIT, [Sign.DISPOSABLE, Sign.TOOL]),
    "b.u.y.n.o.w@gmail.com": (settle.ADDRESS_LIMIT, [Sign.ADVERT, Sign.NO_SCRIPT]),
    "maria@gmial.con": (settle.NO_MAIL, [Sign.NO_MAIL]),
}
# What somebody's blog looks like, and is not ours.
BLOG = """<style>
  body { margin: 0; font: 18px/1.6 Georgia, serif; color: #3b2a1a; background: #fdf6ec; }
  header { padding: 14px 24px; font: 600 20px/1 system-ui, sans-serif; color: #fff; background: #7a3b1d; }
  main { max-width: 680px; margin: 0 auto; padding: 8px 24px 48px; }
</style>"""
WORDS = "<p>" + "Sit on your heels, breathe out slowly, and let the side of your back grow long. " * 4 + "</p>"

pytestmark = pytest.mark.browser


@pytest.fixture
def folder(tmp_path):
    return Path(os.environ.get("PICTURES") or tmp_path)


@pytest.fixture
def practice(session, live):
    accounts.create(session, EMAIL, PASSWORD, utc_now())
    found = Practice(session, utc_now())
    found.fill(people=140, days=30)
    found.issues()
    shelf(session, found.now)
    segments.keep(session, "Nearly booked", {"all": [{"is": "nearly_booked"}, {"is": "quiet", "days": 30}]}, found.now)
    while (counted := tallies.refresh(session, found.now)) is None or counted.more:
        session.commit()
    session.commit()
    return found


def at_the_door(practice):
    """Three who were kept out, and one who came in: the way to the page of what she agreed to."""
    form = practice.session.query(Form).filter_by(slug="back-care").one()
    for number, (email, (reason, signs)) in enumerate(KEPT_OUT.items()):
        kept = {"state": SignUpState.REFUSED, "reason": reason, "risk": risk.of(signs).score, "signs": signs}
        at = practice.now - timedelta(minutes=7 + 40 * number)
        a_sign_up(practice.session, form, email=email, created_at=at, **kept)
    asked = signs_up(practice.session, form, "ada@example.org", practice.now - timedelta(minutes=9), first_name="Ada")
    ada = confirms(practice.session, asked, practice.now - timedelta(minutes=7))
    practice.session.commit()
    return f"/owner/people/{ada.id}/evidence"


def take_readers(session, live, blog, page, folder):
    """The form on another site, and what a reader chooses."""
    code = f'<script async src="{live}/embed.js" data-form="back-care" data-title="Back-care tips"'
    top = "<header>Slow mornings</header><main><h1>Three minutes for a stiff side</h1>"
    desk = page(width=1000)
    desk.goto(blog.put("/below", f"{top}{WORDS}{code}></script>{WORDS}</main>", head=BLOG))
    desk.frame_locator("iframe").get_by_role("button").first.wait_for()
    desk.screenshot(path=folder / "on-a-blog.png")

    phone = page(width=390)
    phone.goto(blog.put("/slides", f'{top}{WORDS * 12}</main>{code} data-look="slide-in"></script>', head=BLOG))
    phone.keyboard.press("End")
    phone.frame_locator("iframe").get_by_role("button").first.wait_for()
    phone.screenshot(path=folder / "slide-in.png")

    one = session.query(Subscriber).filter_by(state=SubscriberState.ACTIVE).first()
    phone.goto(f"{live}/preferences/{tokens.sign(Purpose.PREFERENCES, one.id, 0)}")
    phone.screenshot(path=folder / "preferences.png")


@pytest.mark.slow
def test_the_post_the_mail_and_the_overview_are_taken(practice, live, blog, page, folder):
    pages = OWNERS | {"evidence": at_the_door(practice)}
    take_readers(practice.session, live, blog, page, folder)
    reader = page(width=1100)
    reader.goto(f"{live}/posts/quadratus-lumborum")
    reader.screenshot(path=folder / "post.png")

    form = page(width=390)
    form.goto(f"{live}/f/back-care")
    form.screenshot(path=folder / "form.png")

    step = practice.session.query(Step).filter_by(slug="where-therapy-fits").one()
    mail = page(width=390)
    mail.set_content(render.preview(practice.session, step, None, utc_now()).html)
    mail.screenshot(path=folder / "mail.png")

    owner = page(width=1280)
    owner.goto(f"{live}/owner/sign-in")
    owner.get_by_label(re.compile("address", re.IGNORECASE)).fill(EMAIL)
    owner.get_by_label("Password").fill(PASSWORD)
    owner.get_by_role("button", name=re.compile("sign in", re.IGNORECASE)).click()
    owner.wait_for_url("**/owner/")
    owner.set_viewport_size({"width": 1280, "height": 1150})
    owner.screenshot(path=folder / "overview.png")
    for name, address in pages.items():
        owner.goto(live + address, wait_until="networkidle")
        owner.screenshot(path=folder / f"{name}.png")
    taken = (*READERS, "mail", "overview", *pages)
    assert all((folder / f"{name}.png").read_bytes().startswith(PNG) for name in taken)


def test_every_picture_that_readme_shows_is_there():
    shown = re.findall(r"docs/pictures/[\w-]+\.png", (ROOT / "README.md").read_text())
    assert shown
    assert all((ROOT / path).read_bytes().startswith(PNG) for path in shown)
