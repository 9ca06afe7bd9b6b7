"""README's pictures, taken from the pages as they are. `make pictures` keeps them in docs/pictures."""

import os
import re
from pathlib import Path

import pytest

from funnel.audience import segments
from funnel.db import utc_now
from funnel.insight import tallies
from funnel.mail import render
from funnel.models.content import Step
from funnel.web.owner import accounts
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
}

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


def test_the_post_the_mail_and_the_overview_are_taken(practice, live, page, folder):
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
    for name, address in OWNERS.items():
        owner.goto(live + address, wait_until="networkidle")
        owner.screenshot(path=folder / f"{name}.png")
    taken = ("post", "form", "mail", "overview", *OWNERS)
    assert all((folder / f"{name}.png").read_bytes().startswith(PNG) for name in taken)


def test_every_picture_that_readme_shows_is_there():
    shown = re.findall(r"docs/pictures/[\w-]+\.png", (ROOT / "README.md").read_text())
    assert shown
    assert all((ROOT / path).read_bytes().startswith(PNG) for path in shown)
