"""Two who change one person at the same moment: neither may wait for the other for ever."""

import threading
from contextlib import suppress
from types import SimpleNamespace

import pytest

from funnel.audience import confirmation, ending, own_data
from funnel.db import Session
from funnel.mail import claim, record, weight
from funnel.mail.ledger import Result
from funnel.mail.replies import Reply, Stage, outcome
from funnel.models.mail import MessageState, Queue
from funnel.models.people import Subscriber, SubscriberState
from funnel.response import bounces, verdict
from tests import returned
from tests.audience_cast import VISIT, confirms, signs_up
from tests.conftest import NOW
from tests.factories import a_booking, a_form, a_sequence, a_subscriber, an_enrolment
from tests.mail_cast import a_tip

TOGETHER_S = 0.5


@pytest.fixture
def meeting(monkeypatch):
    """meeting(owner, name): whoever comes to call that waits there for the other, or half a second in vain."""
    place = threading.Barrier(2)

    def meet(owner, name, *, before=True):
        usual = getattr(owner, name)

        def together(*given, **named):
            found = None if before else usual(*given, **named)
            with suppress(threading.BrokenBarrierError):
                place.wait(TOGETHER_S)
            return usual(*given, **named) if before else found

        monkeypatch.setattr(owner, name, together)

    return meet


def at_once(*works):
    """Runs each in a transaction of its own, all at the same time; what went wrong."""
    wrong = []

    def run(work):
        try:
            with Session.begin() as session:
                work(session)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return wrong


def test_two_bounces_of_one_person(session, meeting):
    ada = a_subscriber(session, email=returned.ADA)
    mails = [a_tip(session, ada, state=MessageState.SENT, ended_at=NOW, attempts=1) for _ in range(2)]
    raws = [returned.report(message_id=mail.message_id) for mail in mails]
    session.commit()
    meeting(weight, "is_final")
    assert not at_once(*(lambda own, raw=raw: bounces.read(own, raw, NOW) for raw in raws))
    session.refresh(ada)
    assert ada.state is SubscriberState.BOUNCED


def test_a_refusal_and_a_complaint_of_one_person(session, meeting):
    ada = a_subscriber(session)
    a_tip(session, ada)
    session.commit()
    with Session.begin() as own:
        (tip,) = claim.claim(own, Queue.BULK, NOW, 1, claim.new_id(own))
    refused = outcome(Reply(Stage.RCPT, 550, "5.1.1 Nobody here"), "relay")
    meeting(weight, "is_final")
    meeting(ending, "_suppress")
    assert not at_once(
        lambda own: record.record(own, tip.claim_id, [Result(tip, refused)], NOW),
        lambda own: ending.complained(own, tip.subscriber_id, NOW),
    )
    session.refresh(ada)
    assert ada.state is SubscriberState.COMPLAINED


def test_confirming_and_erasing(session, meeting):
    form = a_form(session)
    ada = confirms(session, signs_up(session, form))
    ending.leave(session, ada.id, "link", VISIT, NOW)
    token, ada_id = confirmation.token(signs_up(session, form, now=NOW.replace(hour=13))), ada.id
    session.commit()
    meeting(confirmation, "_subscriber")
    meeting(own_data.suppression, "suppress")
    assert not at_once(
        lambda own: confirmation.confirm(own, token, VISIT, NOW.replace(hour=14)),
        lambda own: own_data.erase(own, ada_id, NOW.replace(hour=14)),
    )
    session.expire_all()
    assert session.get_one(Subscriber, ada_id).state is SubscriberState.ERASED


def test_marking_as_booked_and_erasing(session, meeting, monkeypatch):
    ada = a_subscriber(session)
    an_enrolment(session, ada, a_sequence(session))
    ada_id, booking_id = ada.id, a_booking(session, ada).id
    session.commit()
    monkeypatch.setattr(verdict, "enrolment", SimpleNamespace(stop=verdict.enrolment.stop))
    meeting(verdict.enrolment, "stop")
    meeting(own_data.holdings, "blank")
    assert not at_once(
        lambda own: verdict.booked(own, booking_id, NOW),
        lambda own: own_data.erase(own, ada_id, NOW),
    )
