"""A batch: whatever a claim took is made ready in order, and one that cannot be written stops no other."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from funnel.config import settings
from funnel.db import engine
from funnel.mail import batch, press, render
from funnel.mail.edition import OUR_ERROR, Edition
from funnel.mail.encoding import Unsendable
from funnel.mail.replies import Meaning
from funnel.models.content import Step
from funnel.models.mail import Link, Message, MessageKind
from funnel.models.people import Subscriber
from funnel.programme import content_files
from tests.conftest import NOW
from tests.drafts import as_claimed, drafts
from tests.factories import a_message, a_sequence, a_step, a_subscriber
from tests.mail_cast import a_confirmation, a_tip
from tests.test_mail_newsletter import an_issue, its_mail


@pytest.fixture
def queries(session):
    """Every statement that was run."""
    seen = []

    def note(_, __, statement, *___):
        seen.append(statement)

    event.listen(engine(), "before_cursor_execute", note)
    yield seen
    event.remove(engine(), "before_cursor_execute", note)


def test_mails_of_every_sort_come_back_in_order(session):
    issue = an_issue(session)
    sequence = a_sequence(session)
    mails = [
        a_tip(session, step_id=sequence.steps[1].id),
        a_confirmation(session),
        its_mail(session, issue),
        a_tip(session, step_id=sequence.steps[2].id),
        a_message(session, kind="test", template="step", step_id=sequence.steps[1].id, to_address="o@example.org"),
        its_mail(session, issue, a_subscriber(session)),
    ]
    made = drafts(session, *mails)
    assert [draft.claimed.id for draft in made] == [mail.id for mail in mails]
    assert all(draft.outcome is None for draft in made)
    for draft, mail in zip(made, mails, strict=True):
        assert f"Message-ID: {mail.message_id}\r\n".encode() in draft.compose().data


def test_one_that_cannot_be_written_stops_no_other(session):
    sequence = a_sequence(session)
    broken = a_step(session, sequence, 9, body="{{ nonsense }}")
    tips = [a_tip(session, step_id=step.id) for step in (broken, sequence.steps[1])]
    erased, nobody = a_tip(session, step_id=sequence.steps[1].id), a_confirmation(session)
    session.get(Subscriber, erased.subscriber_id).email = None
    nobody.subscriber_id = nobody.sign_up_id = None
    bad, good, gone, lost = drafts(session, *tips, erased, nobody)
    assert (bad.outcome.meaning, "nonsense" in bad.outcome.reason) == (Meaning.UNSENDABLE, True)
    assert good.outcome is None
    assert good.compose().data
    assert (lost.outcome.meaning, lost.outcome.reason) == (Meaning.UNSENDABLE, render.DELETED)
    with pytest.raises(Unsendable, match=render.DELETED):
        gone.compose()
    with pytest.raises(Unsendable, match="nonsense"):
        bad.compose()


def test_an_error_of_ours_is_logged_and_stops_no_other(session, monkeypatch, caplog):
    def fails(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(press, "of_step", fails)
    tip, other = drafts(session, a_tip(session), a_confirmation(session))
    assert tip.outcome.reason == OUR_ERROR
    assert "ZeroDivisionError" in caplog.text
    assert other.outcome is None


def test_words_that_are_not_there_any_more_stop_no_other(session):
    issue = an_issue(session)
    mails = [its_mail(session, issue), its_mail(session, issue, a_subscriber(session), newsletter_id=4711)]
    test = a_message(session, kind="test", template="newsletter", newsletter_id=4711, to_address="o@example.org")
    here, gone, test_of_it = drafts(session, *mails, test)
    assert here.outcome is None
    assert gone.outcome == batch.GONE
    assert test_of_it.outcome.reason == OUR_ERROR


def test_a_value_that_cannot_stand_in_a_header_is_that_persons_trouble_only(session):
    issue = an_issue(session)
    evil = a_subscriber(session, first_name="Eve\r\nBcc: x@example.org")
    bad, good = drafts(session, its_mail(session, issue, evil), its_mail(session, issue))
    with pytest.raises(Unsendable, match="hidden sign"):
        bad.compose()
    assert b"Bcc" not in good.compose().data


def test_many_mails_cost_no_more_queries_than_a_few_and_composing_costs_none(session, queries):
    sequence, issue = a_sequence(session), an_issue(session)
    counts = []
    for people in (2, 20):
        mails = [a_tip(session, step_id=sequence.steps[at % 3].id) for at in range(people)]
        mails += [its_mail(session, issue, a_subscriber(session)) for _ in range(people)]
        mails += [a_confirmation(session) for _ in range(people)]
        claims = [as_claimed(session, mail) for mail in mails]
        session.commit()
        batch.prepared(session, claims, NOW)  # makes the links
        session.commit()
        queries.clear()
        made = batch.prepared(session, claims, NOW)
        counts.append(len(queries))
        for draft in made:
            draft.compose()
        assert len(queries) == counts[-1]
    assert counts[0] == counts[1] <= 7


def test_links_that_a_rolled_back_batch_made_are_made_again(session):
    tip = a_tip(session, step_id=a_sequence(session).steps[1].id)
    claims = [as_claimed(session, tip)]
    session.commit()
    batch.prepared(session, claims, NOW)
    session.rollback()
    assert session.scalars(select(Link)).all() == []
    batch.prepared(session, claims, NOW)
    assert len(session.scalars(select(Link)).all()) == 1


def test_the_date_is_the_batches(session):
    tip = as_claimed(session, a_tip(session))
    later = batch.prepared(session, [tip], NOW + timedelta(minutes=1))[0].compose()
    assert b"\r\nDate: Tue, 03 Mar 2026 12:01:00 +0000\r\n" in later.data


def test_the_envelope_names_the_message(session, setting):
    setting(BOUNCE_ADDRESS="bounces@example.org")
    for mail in (a_tip(session), a_confirmation(session)):
        sender = drafts(session, mail)[0].compose().sender
        assert sender.startswith("bounces+")
        assert render.verp.read(sender) == mail.id


def test_what_is_said_to_many_is_not_rendered_as_one_persons_own(session):
    tip = a_tip(session)
    with pytest.raises(ValueError, match="edition"):
        render.rendered(session, session.get(Message, tip.id), NOW)
    assert tip.kind != MessageKind.TEST


def test_a_page_whose_address_cannot_stand_in_a_mail_as_it_is_is_refused(session):
    known = replace(settings(), base_url="https://mail.example.org/?a=b")
    with pytest.raises(Unsendable, match="as it is"):
        Edition(press.of_newsletter(an_issue(session)), [1, 2, 3, 4], known, NOW)


@pytest.mark.parametrize("name", ["", "Ada", ".", ".Ada", "From me", "Zoë " * 20])
def test_no_line_of_a_mail_begins_with_a_dot_whoever_it_is_to(session, name):
    """The dialogue doubles none of a mail that was claimed (holding.Mail.dotless)."""
    content_files.load(session, content_files.FOLDER, NOW)
    person = a_subscriber(session, first_name=name)
    steps = session.scalars(select(Step)).all()
    mails = [a_tip(session, person, step_id=step.id) for step in steps]
    mails += [its_mail(session, an_issue(session), person), a_confirmation(session)]
    for draft in drafts(session, *mails):
        data = draft.compose().data
        assert data.endswith(b"\r\n")
        assert not data.startswith(b".")
        assert data.count(b"\n") == data.count(b"\r") == data.count(b"\r\n")
        assert b"\r\n." not in data
