"""Every owner's page and state: axe in light and dark, a narrow phone, and a keyboard."""

from datetime import timedelta

import pytest

from funnel.audience import answer, bulk, chosen, segments, settle, tags, topics, witness
from funnel.audience.risk import Sign
from funnel.audience.segment import Segment
from funnel.db import utc_now
from funnel.mail import rests
from funnel.models.bulk import BulkAction
from funnel.models.choices_made import Chose
from funnel.models.door import Proof
from funnel.models.people import SignUpState
from funnel.programme import notes
from tests.axe import DIFFERENT, HEIGHT, assert_clean, faults
from tests.browser import DESK, PHONE
from tests.factories import a_sign_up, an_issue
from tests.import_cast import bring, check, start
from tests.owner_data import EMAIL, PASSWORD, Practice
from tests.result_cast import shelf
from tests.rhythm_cast import a_rhythm

pytestmark = pytest.mark.browser
NARROWEST = 320  # 1280 at 400 %, WCAG 1.4.10
TARGET = 44
UNFOLD = "document.querySelectorAll('details').forEach(one => { one.open = true })"
SIGN_IN = "/owner/sign-in"
AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
EMPTY = {"overview": "/owner/", "people": "/owner/people", "mails": "/owner/mails", "sending": "/owner/messages"}
EMPTY |= {"forms": "/owner/forms", "form, new": "/owner/forms/new", "newsletters": "/owner/newsletters"}
FULL = {
    **EMPTY,
    "form": "/owner/forms/1?src=no+word",
    "form, on your blog": "/owner/forms/1/blog?src=no+word&look=button",
    "form, its handout": "/owner/forms/1/handout",
    "post": "/owner/posts/1",
    "post, its link": "/owner/posts/1/link",
    "post, editor": "/owner/posts/1/edit",
    "newsletter": "/owner/newsletters/1",
    "notes": "/owner/newsletters/notes?deleted=3",
    "note": "/owner/newsletters/notes/1",
    "regular newsletters": "/owner/newsletters/regular",
    "regular newsletter": "/owner/newsletters/regular/1",
    "regular newsletter, delete?": "/owner/newsletters/regular/1/delete",
    "topics": "/owner/newsletters/topics",
    "newsletter, editor": "/owner/newsletters/1/edit",
    "newsletter, send": "/owner/newsletters/1/send",
    "newsletter, scheduled": "/owner/newsletters/2",
    "newsletter, being sent": "/owner/newsletters/3",
    "newsletter, cancel?": "/owner/newsletters/3/cancel",
    "newsletter, sent": "/owner/newsletters/6",
    "newsletter, its mails": "/owner/newsletters/6/mails",
    "newsletter, again?": "/owner/newsletters/6/again",
    "results": "/owner/newsletters/900/results",
    "results, who": "/owner/newsletters/900/results/people?which=clicked",
    "results, none yet": "/owner/newsletters/901/results",
    "overview, a week": "/owner/?days=7",
    "overview, all": "/owner/?days=all&source=instagram",
    "overview, no such days": "/owner/?from=2026-02-30&to=x",
    "behind a number": "/owner/behind/confirmed?days=all",
    "behind a number, nobody": "/owner/behind/booked?from=2020-01-01&to=2020-01-02",
    "lately": "/owner/lately",
    "kept out": "/owner/door",
    "people, none": "/owner/people?q=zzz&state=active",
    "people, a page on": "/owner/people?before=40",
    "people, filtered": "/owner/people?state=active&tag=1&since=2020-01-01&trait=quiet&trait=booked&at=1-active",
    "person": "/owner/people/40",
    "person, booked?": "/owner/people/40/booked",
    "person, pause?": "/owner/people/40/pause",
    "person, delete?": "/owner/people/40/end/erase",
    "person, correct": "/owner/people/40/correct",
    "person, merge?": "/owner/people/40/merge?other=41",
    "person, consent": "/owner/people/40/evidence",
    "person, course?": "/owner/people/40/enrol",
    "add by hand": "/owner/people/add",
    "tags": "/owner/tags",
    "tag": "/owner/tags/1",
    "segments": "/owner/segments",
    "segment, new": "/owner/segments/new?from=quiet",
    "segment": "/owner/segments/1?who=ada.0@example.org",
    "segment, delete?": "/owner/segments/1/delete",
    "people of a segment": "/owner/people?saved=1",
    "bulk, tag?": "/owner/people/bulk?do=tag&all=1&state=active",
    "bulk, delete?": "/owner/people/bulk?do=erase&id=40&id=41",
    "bulk, going on": "/owner/people/bulk/1",
    "bulk, done": "/owner/people/bulk/2",
    "booking": "/owner/bookings/1",
    "booking, erase?": "/owner/bookings/1/erase",
    "mail": "/owner/mails/4",
    "mail, edited": "/owner/mails/4/edit",
    "mail, draft": "/owner/mails/4/draft",
    "mail, in German": "/owner/translations/1",
    "mail, in German, editor": "/owner/translations/1/edit",
    "mail, revisions": "/owner/mails/4/revisions",
    "mail, compared": "/owner/mails/4/revisions/compare",
    "mail, its file": "/owner/mails/4/file",
    "mail, another day?": "/owner/mails/4/day?day=8",
    "mail, live?": "/owner/mails/4/live",
    "mail, retire?": "/owner/mails/4/retire",
    "course": "/owner/courses/1",
    "course, pause?": "/owner/courses/1/state?to=draft",
    "course, new": "/owner/courses/new",
    "notice": "/owner/mails/confirmation",
    "figures": "/owner/figures",
    "editor": "/owner/mails/5/edit",
    "calendar": "/owner/calendar",
    "calendar of a person": "/owner/people/40/calendar",
    "figures of a mail": "/owner/mails/7/figures",
    "figures, who": "/owner/mails/7/people?which=clicked",
    "sending, failed": "/owner/messages?state=failed",
    "sending, none": "/owner/messages?state=expired",
    "sending, unknown": "/owner/messages?state=unknown",
    "sending, what now?": "/owner/messages/all",
    "sending, settled": "/owner/messages/mail-1",
    "import": "/owner/people/import",
    "import, columns": "/owner/people/import/1/columns",
    "import, checked": "/owner/people/import/2",
    "import, really?": "/owner/people/import/2/start",
    "import, over": "/owner/people/import/3",
    "import, take back?": "/owner/people/import/3/undo",
    "unknown": "/owner/unknown",
    "letters": "/owner/letters",
    "letter": "/owner/letters/next",
    "unknown, what now?": "/owner/unknown/all",
    "unknown, settled": "/owner/unknown/mail-1",
    "settings": "/owner/settings",
    "settings, practice": "/owner/settings/practice",
    "settings, words": "/owner/settings/words/confirmation",
    "settings, a mail server": "/owner/settings/relays/new",
    "who may sign in": "/owner/team",
    "archive": "/owner/archive",
    "audit": "/owner/audit",
    "account": "/owner/account",
    "account, two steps": "/owner/account/two-step",
}


@pytest.fixture
def practice(session, live):
    from funnel.web.owner import accounts

    accounts.create(session, EMAIL, PASSWORD, utc_now())
    session.commit()
    return Practice(session, utc_now())


@pytest.fixture
def troubled(practice):
    """What comes with Funnel, and mails that wait, failed, or whose end nobody knows."""
    practice.set_up()
    practice.trouble()


@pytest.fixture
def full(practice):
    practice.fill(people=80, days=60)
    practice.trouble()
    practice.edits()
    practice.issues()
    tag_and_stop(practice)
    an_issue(practice.session)
    shelf(practice.session, practice.now)
    for words in ("# Sitting\n\nSit less.", "Somebody asked about pillows."):
        notes.write(practice.session, words, practice.now)
    a_rhythm(practice.session, practice.now)
    for name in ("stream:bulk", "relay:mail.example.org:587", "domain:example.org", "domain:example.com"):
        rests.begin(practice.session, name, "421 4.7.28 Unusual rate of mail", practice.now, 300, 3600)
    come_to_the_door(practice)
    practice.session.commit()
    files()


def come_to_the_door(practice):
    """One who agreed, though it looked risky, and chose; one who was kept out; and topics to be chosen."""
    session, now = practice.session, practice.now
    looked = {"risk": 65, "signs": [Sign.TOOL, Sign.NO_SCRIPT], "proof": Proof.TAP, "network": "192.0.2.7"}
    settled = {"subscriber_id": 40, "state": SignUpState.SETTLED, "agent": AGENT}
    asked = a_sign_up(session, practice.form, source="instagram", **settled, **looked)
    answer.ask(session, asked, witness.BY_FORM, practice.form.wording, now)
    for pressed, (before, after) in enumerate((("en", "it"), ("it", "fr"))):
        chosen.note(session, 40, Chose.LANGUAGE, now + timedelta(minutes=pressed), before=before, after=after)
    long = f"{'a.long.name.' * 5}typed@a-long-domain.example.org"
    refused = {"state": SignUpState.REFUSED, "reason": settle.NO_MAIL, "risk": 100, "signs": [Sign.TOOL, Sign.NO_MAIL]}
    a_sign_up(session, practice.form, email=long, created_at=now, **refused)
    topics.make(session, "Exercises", "Three minutes each, with a picture", now)


def files():
    """One to be looked at, one checked that would put people on a course, one that is over."""
    lines = "Email,First name\n" + "".join(f"reader-{at}@example.net,Ada\n" for at in range(60))
    bring(lines)
    check(bring(f"{lines}nobody,Zoë\nreader-1@example.net,Twice\n"), sequence_id=1)
    over = bring(lines)
    check(over)
    start(over)


def tag_and_stop(practice):
    """A tag, a job that goes on, and one that is done."""
    session, now = practice.session, practice.now
    tag = tags.tag(session, "came by foot", now)
    lines = [{"is": "nearly_booked"}, {"is": "quiet", "days": 10}, {"not": {"is": "tagged", "tag": tag.id}}]
    segments.keep(session, "Nearly", {"all": [{"any": lines}, {"all": [{"is": "everybody"}]}]}, now)
    ids = [40, 41, 42]
    bulk.ask(session, bulk.Wish(BulkAction.STOP, {}, Segment(), None, 42, 42), None, now)
    done = bulk.ask(session, bulk.Wish(BulkAction.TAG, {"tag": tag.id}, Segment(), ids, 42, 3), None, now)
    while bulk.work(session, done.id, now):
        pass


@pytest.fixture
def desk(live, practice, page):
    """desk(width=…, scheme=…) is a window that has signed in."""

    def opened(**options):
        window = page(**options)
        window.goto(live + SIGN_IN)
        sign_in(window, PASSWORD)
        window.wait_for_url("**/owner/")
        return window

    return opened


def sign_in(window, password):
    window.get_by_label("Address").fill(EMAIL)
    window.get_by_label("Password").fill(password)
    window.get_by_role("button", name="Sign in").click()


def complaints(window):
    """What the browser said against the page: a style or script refused by the security policy, above all."""
    said = []
    window.on("console", lambda line: said.append(line.text))
    window.on("pageerror", lambda error: said.append(str(error)))
    return said


@pytest.mark.timeout(600)  # a third of all pages, on a machine that may be busy
@pytest.mark.parametrize("third", range(3))
def test_every_page_is_clean_to_axe_and_fits_a_small_phone_with_buttons_that_are_large_enough(live, desk, full, third):
    """Each is loaded once, which takes longest: light, on the smallest phone and a usual one."""
    window = desk()
    said = complaints(window)
    for name, path in list(FULL.items())[third::3]:
        window.set_viewport_size({"width": NARROWEST, "height": HEIGHT})
        window.goto(live + path)
        assert_fits(window, name)
        window.set_viewport_size({"width": PHONE, "height": HEIGHT})
        window.evaluate(UNFOLD)
        assert (name, faults(window)) == (name, [])
    assert said == []


@pytest.mark.slow  # the colours are the same few everywhere
@pytest.mark.timeout(600)
@pytest.mark.parametrize("third", range(3))
def test_every_page_is_clean_to_axe_in_the_dark_on_a_desk(live, desk, full, third):
    window = desk(width=DESK, scheme="dark")
    for name, path in list(FULL.items())[third::3]:
        window.goto(live + path)
        window.evaluate(UNFOLD)
        assert (name, faults(window, runOnly={"type": "rule", "values": DIFFERENT})) == (name, [])


def assert_fits(window, name):
    wider = window.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert (name, wider) == (name, 0)
    small = window.evaluate(
        """least => [...document.querySelectorAll('button, .button, summary, .tabs a, .field input, select')]
            .filter(one => one.checkVisibility() && one.ariaHidden !== 'true')
            .filter(one => one.getBoundingClientRect().height < least)
            .map(one => one.outerHTML)""",
        TARGET,
    )
    assert (name, small) == (name, [])


def test_axe_finds_nothing_where_nothing_is_yet(live, desk):
    window = desk(width=PHONE)
    for name, path in EMPTY.items():
        window.goto(live + path)
        assert_clean(window, name)


def test_axe_finds_nothing_at_the_gate_nor_in_what_a_press_leads_to(live, desk, troubled, page):
    stranger = page(width=PHONE)
    stranger.goto(live + SIGN_IN)
    assert_clean(stranger)
    sign_in(stranger, "wrong wrong wrong")
    assert stranger.get_by_role("alert").evaluate("one => one === document.activeElement")
    assert_clean(stranger)
    window = desk(width=PHONE)
    window.goto(f"{live}/owner/mails/2")
    window.get_by_role("button", name="Send me a test").click()
    window.get_by_role("status").wait_for()
    assert_clean(window)


def test_the_way_from_the_overview_to_a_person_is_made_by_keyboard_alone(live, desk, troubled):
    window = desk()
    window.keyboard.press("Tab")
    assert window.evaluate("document.activeElement.className") == "skip"
    for _ in range(3):
        window.keyboard.press("Tab")
    window.keyboard.press("Enter")
    window.wait_for_url("**/owner/people")
    window.get_by_label("Address or name").focus()
    window.keyboard.type("ada")
    window.keyboard.press("Enter")
    window.wait_for_url("**/owner/people?q=ada*")
    assert window.get_by_role("row").count() > 1


def test_an_unknown_mail_is_decided_and_that_taken_back_on_a_phone(live, desk, troubled):
    window = desk(width=PHONE)
    window.get_by_role("link", name="1 mail", exact=True).and_(window.locator("[href$=unknown]")).click()
    window.get_by_role("region", name="Unknown mails").get_by_role("link").first.click()
    window.get_by_role("button", name="Take it as arrived").click()
    window.wait_for_url("**/owner/unknown/decided/*")
    assert window.get_by_role("heading", name="1 mail taken as arrived").is_visible()
    assert_clean(window)
    window.get_by_role("button", name="Take it back for 1 mail").click()
    assert window.get_by_role("status").inner_text() == "Taken back for 1 mail."
    assert_clean(window)


def test_mails_that_wait_are_cancelled_and_that_taken_back_on_a_phone(live, desk, troubled):
    window = desk(width=PHONE)
    window.goto(f"{live}/owner/messages?state=queued")
    window.get_by_role("link", name="Cancel all that wait").click()
    window.get_by_role("button", name="Cancel 3 mails").click()
    window.wait_for_url("**/owner/messages/cancelled/*")
    assert window.get_by_role("heading", name="3 mails cancelled").is_visible()
    assert_clean(window)
    window.get_by_role("button", name="Send 3 mails after all").click()
    assert window.get_by_role("status").inner_text() == "Taken back: 3 mails will be sent."
    assert_clean(window)


def test_each_frame_shows_its_own_scheme_whatever_the_viewers(live, desk, troubled):
    window = desk()
    ground = "getComputedStyle(document.querySelector('h1')).color"
    for viewer in ("light", "dark"):
        window.emulate_media(color_scheme=viewer)
        light, dark = (
            window.goto(f"{live}/owner/mails/1/html?scheme={scheme}") and window.evaluate(ground)
            for scheme in ("light", "dark")
        )
        assert brightness(light) < 128 < brightness(dark), viewer


def test_a_link_in_a_frame_leads_nowhere(live, desk, troubled):
    window = desk()
    window.goto(f"{live}/owner/mails/7", wait_until="networkidle")
    frame = window.frame_locator("iframe").first
    asked = []
    window.context.on("request", lambda request: asked.append(request.url) if "/static/" not in request.url else None)
    frame.get_by_role("link").first.click()
    window.wait_for_timeout(300)

    assert asked == []
    assert len(window.context.pages) == 1


def brightness(colour):
    """The mean of a colour's three parts, written as rgb(1, 2, 3)."""
    parts = [float(part) for part in colour.removeprefix("rgb(").rstrip(")").split(",")[:3]]
    return sum(parts) / 3
