"""Unknown mails, as the owner meets and decides them."""

import re

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.insight import decisions
from funnel.mail import unknown
from funnel.models.house import AuditEntry
from funnel.models.mail import Message, MessageKind, MessageState
from funnel.models.sending import QueueEntry
from tests.balance import assert_balance
from tests.owner_data import Practice, press, signed_in, token

HERE = "/owner/unknown"
LOST = "the connection was lost after the mail was handed over"


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


@pytest.fixture
def lose(practice):
    """lose("Ada", 1) is a mail of step 1 to Ada whose answer was lost."""

    def lost(name, step=1, **changes):
        state = {"state": MessageState.UNKNOWN, "sent_at": None, "reply": "", "reason": LOST, "ended_at": utc_now()}
        person = practice.newcomer(name) if name else None
        mail = practice.mail(person, utc_now(), step_id=practice.steps[step].id, **(state | changes))
        practice.session.commit()
        return mail

    return lost


def decide(desk, which, how):
    """Presses the button of that page, with all that stands beside it."""
    page = desk.get(f"{HERE}/{which}").text
    latest = re.search(r'name="latest" value="([^"]+)"', page)[1]
    return press(desk, f"{HERE}/{which}/{how}", on=f"{HERE}/{which}", latest=latest)


def states(practice):
    practice.session.expire_all()
    return sorted(practice.session.scalars(select(Message.state)))


def test_the_overview_leads_there(desk, practice, lose):
    lose("Ada")
    page = desk.get("/owner/").text
    assert f'<a href="{HERE}">1 mail</a>' in page
    assert 'href="/owner/messages?state=queued"' not in page


def test_the_list_of_mails_leads_there_too(desk, practice, lose):
    mail = lose("Ada")
    page = desk.get("/owner/messages?state=unknown").text
    assert f'href="{HERE}"' in page
    assert f'href="{HERE}/mail-{mail.id}"' in page


def test_they_stand_there_by_what_they_say(desk, practice, lose):
    lose("Ada"), lose("Ben"), lose("Ewa", 2)
    page = desk.get(HERE).text
    assert page.index(f'href="{HERE}/step-{practice.steps[1].id}"') < page.index(
        f'href="{HERE}/step-{practice.steps[2].id}"'
    )
    assert "2 mails" in page
    assert f'href="{HERE}/all">All 3 at once' in page


def test_with_none_unknown_it_says_so(desk, practice):
    assert "No mail is unknown" in desk.get(HERE).text
    assert "Nothing is unknown here" in desk.get(f"{HERE}/all").text


def test_before_deciding_it_says_what_is_known_and_what_either_choice_means(desk, practice, lose):
    lose("Ada"), lose("Ben", reason="the process ended")
    page = desk.get(f"{HERE}/all").text
    for said in (
        "Did these 2 mails arrive?",
        "The connection was lost after the mail was handed over.",
        "The process ended.",
        "gets it a second time",
        "Who did not get it never will",
        "Send 2 mails again",
        "Take 2 mails as arrived",
    ):
        assert said in page


def test_one_is_sent_again_and_no_other(desk, practice, lose):
    ada, ben = lose("Ada"), lose("Ben")
    answer = decide(desk, f"mail-{ada.id}", "again")
    assert answer.status_code == 303
    assert "1 mail to be sent again" in desk.get(answer.location).text
    practice.session.expire_all()
    assert (ada.state, ben.state) == (MessageState.QUEUED, MessageState.UNKNOWN)
    entry = practice.session.scalars(select(AuditEntry).where(AuditEntry.action == decisions.RESENT)).one()
    assert (entry.owner_id, entry.detail) == (1, {"which": f"mail-{ada.id}", "known": {LOST: [ada.id]}})
    assert_balance(practice.session, waiting=1)


def test_all_of_a_step_are_taken_as_arrived(desk, practice, lose):
    lose("Ada"), lose("Ben"), lose("Ewa", 2)
    answer = decide(desk, f"step-{practice.steps[1].id}", "arrived")
    assert "2 mails taken as arrived" in desk.get(answer.location).text
    assert states(practice) == ["sent", "sent", "unknown"]
    assert_balance(practice.session, waiting=0)


def test_what_became_unknown_since_the_page_was_shown_is_left(desk, practice, lose):
    lose("Ada")
    page = desk.get(f"{HERE}/all").text
    lose("Ben")
    latest = re.search(r'name="latest" value="([^"]+)"', page)[1]
    press(desk, f"{HERE}/all/arrived", on=f"{HERE}/all", latest=latest)
    assert states(practice) == ["sent", "unknown"]


def test_a_second_press_does_nothing_and_says_so(desk, practice, lose):
    lose("Ada")
    page = desk.get(f"{HERE}/all").text
    fields = {"latest": re.search(r'name="latest" value="([^"]+)"', page)[1], "csrf_token": token(desk, f"{HERE}/all")}
    assert "/decided/" in desk.post(f"{HERE}/all/again", data=fields).location
    again = desk.post(f"{HERE}/all/arrived", data=fields)
    assert again.location == HERE
    assert "Nothing was done" in desk.get(HERE).text
    assert len(practice.session.scalars(select(QueueEntry)).all()) == 1
    assert len(decisions.latest(practice.session)) == 1


def test_one_whose_address_is_gone_is_offered_only_what_is_left(desk, practice, lose):
    mail = lose(None, kind=MessageKind.TEST)
    page = desk.get(f"{HERE}/mail-{mail.id}").text
    assert f"It cannot be sent again: {unknown.NO_ADDRESS}." in page
    assert "/again" not in page
    assert "Take it as arrived" in page


def test_a_decision_is_taken_back(desk, practice, lose):
    lose("Ada"), lose("Ben")
    receipt = decide(desk, "all", "arrived").location
    assert press(desk, f"{receipt}/undo", on=receipt).location == receipt
    page = desk.get(receipt).text
    assert "Taken back for 2 mails." in page
    assert "Take it back" not in page
    assert states(practice) == ["unknown", "unknown"]
    actions = practice.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == [decisions.ACCEPTED, decisions.TAKEN_BACK]


def test_a_decision_to_send_is_taken_back_only_while_it_waits(desk, practice, lose):
    lose("Ada")
    receipt = decide(desk, "all", "again").location
    practice.session.execute(QueueEntry.__table__.delete())
    practice.session.commit()
    assert press(desk, f"{receipt}/undo", on="/owner/").location == receipt
    assert "Nothing was left to take back." in desk.get(receipt).text
    assert states(practice) == ["queued"]


def test_the_latest_decisions_stand_below(desk, practice, lose):
    lose("Ada")
    receipt = decide(desk, "all", "arrived").location
    assert f'href="{receipt}"' in desk.get(HERE).text


@pytest.mark.parametrize("path", ["/step-x", "/nobody", "/decided/7", f"/mail-{10**20}", "/step-1%00"])
def test_what_is_not_there_is_not_found(desk, practice, path):
    assert desk.get(HERE + path).status_code == 404


@pytest.mark.parametrize("latest", [{}, {"latest": "yesterday"}, {"latest": "9999-12-31T23:59:59-23:59"}])
def test_a_press_that_does_not_say_what_was_shown_does_nothing(desk, practice, lose, latest):
    lose("Ada")
    assert press(desk, f"{HERE}/all/again", on=f"{HERE}/all", **latest).status_code == 400
    assert states(practice) == ["unknown"]
