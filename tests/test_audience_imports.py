"""A file of people, from the dry run to those who came in, and back."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from funnel import tokens
from funnel.audience import asking, imports, suppression, tags, verdicts
from funnel.db import Session, utc_now
from funnel.insight import tallies
from funnel.models.content import Enrolment
from funnel.models.imports import ImportState, Verdict
from funnel.models.mail import Message
from funnel.models.people import Consent, ConsentKind, SubscriberState, SuppressionReason
from funnel.models.tallies import Journey
from tasks import imports as task
from tests.factories import a_form, a_message, a_sequence, a_subscriber
from tests.import_cast import bring, check, found_again, people, start
from tests.tally_reference import assert_tallies

HEAD = "Email,First name,Subscribed at,Status\n"


def listed(import_id, verdict):
    with Session() as session:
        return [(line.line, line.email, line.reason) for line in verdicts.listed(session, import_id, verdict)]


def in_the_funnel():
    """How many people are counted as signed up, once all is counted."""
    with Session.begin() as session:
        while (found := tallies.refresh(session, utc_now())) is None or found.more:
            pass
        assert_tallies(session)
        return session.scalar(select(func.count()).select_from(Journey))


def test_the_dry_run_says_what_becomes_of_each_line(session):
    a_subscriber(session, email="in@example.org")
    a_subscriber(session, email="gone@example.org", state=SubscriberState.UNSUBSCRIBED)
    suppression.suppress(session, tokens.address_hash("spam@example.org"), SuppressionReason.COMPLAINT, utc_now())
    session.commit()
    number = bring(
        HEAD
        + "ada@example.org,Ada,2024-05-06,subscribed\n"
        + "in@example.org,In,,\n"
        + '"two\nlines@example.org",,,\n'
        + "ADA@Example.org,Ada again,,\n"
        + "gone@example.org,,,\n\n"
        + "spam@example.org,,,\n"
        + "ben@example.org,Ben,,unsubscribed\n"
        + "ben@example.org,Ben,,subscribed\n"
        + "nobody,,,\n"
        + "eve@example.org,www.example.org,,\n"
        + "kit@example.org,Kit,31.13.2024,\n"
        + "lea@example.org,Léa,,perhaps\n"
    )
    found = check(number)
    assert found.state is ImportState.CHECKED
    assert found.counts == {"new": 1, "here": 1, "twice": 1, "left": 2, "elsewhere": 2, "wrong": 5}
    assert listed(number, Verdict.TWICE) == [(6, "ADA@example.org", "also on line 2")]
    assert listed(number, Verdict.LEFT) == [
        (7, "gone@example.org", "has left"),
        (9, "spam@example.org", "called a mail spam"),
    ]
    assert listed(number, Verdict.ELSEWHERE)[1][0] == 11
    assert [line for line, *_ in listed(number, Verdict.WRONG)] == [4, 12, 13, 14, 15]
    assert set(people()) == {"in@example.org", "gone@example.org"}


def test_people_come_in_with_the_evidence_of_their_consent(session):
    number = bring(HEAD + "ada@example.org,Ada,2024-05-06T10:00:00Z,\nben@example.org,,,\n")
    check(number)
    found = start(number)
    assert (found.state, found.done) == (ImportState.DONE, {"added": 2})
    ada = people()["ada@example.org"]
    assert (ada.first_name, ada.state, ada.source, ada.import_id) == ("Ada", SubscriberState.ACTIVE, "import", number)
    lines = session.execute(
        select(Consent.kind, Consent.wording, Consent.how, Consent.at).order_by(Consent.subscriber_id)
    )
    evidence = (ConsentKind.IMPORTED, "on paper, at the practice", "imported from people.csv")
    assert lines.all() == [
        (*evidence, datetime(2024, 5, 6, 10, tzinfo=UTC)),
        (*evidence, datetime(2026, 1, 2, 12, tzinfo=UTC)),
    ]


def test_nobody_we_know_is_changed_but_for_a_name_that_was_missing(session):
    a_subscriber(session, email="in@example.org", first_name="")
    a_subscriber(session, email="named@example.org", first_name="Ada")
    session.commit()
    number = bring("mail;vorname\nin@example.org;Ben\nnamed@example.org;Other\n")
    check(number, known="name")
    assert start(number).done == {"named": 1}
    assert [person.first_name for person in people().values()] == ["Ben", "Ada"]


def test_who_left_or_signed_up_since_the_dry_run_is_left_as_they_are(session):
    number = bring("ada@example.org\nben@example.org\neve@example.org\n")
    check(number)
    suppression.suppress(session, tokens.address_hash("ada@example.org"), SuppressionReason.OWNER, utc_now())
    a_subscriber(session, email="ben@example.org", first_name="Ben", state=SubscriberState.PENDING)
    session.commit()
    assert start(number).done == {"added": 1}
    assert people()["ben@example.org"].state is SubscriberState.PENDING


def test_it_is_taken_back_but_for_those_to_whom_something_happened(session):
    number = bring("ada@example.org\nben@example.org\neve@example.org\n")
    check(number)
    start(number)
    a_message(session, people()["ben@example.org"])
    session.commit()
    assert in_the_funnel() == 3
    with Session.begin() as own:
        assert imports.undo(own, imports.hold(own, number))
    task.work()
    assert in_the_funnel() == 1
    found = found_again(number)
    assert (found.state, found.done) == (ImportState.UNDONE, {"added": 3, "taken back": 2})
    assert [email for email in people() if email] == ["ben@example.org"]
    again = check(bring("ada@example.org\n"))
    assert again.counts["new"] == 1


def test_the_file_and_its_lines_are_forgotten_after_a_week(session):
    number = bring("ada@example.org\n")
    check(number)
    with Session.begin() as own:
        imports.hold(own, number).made_at = utc_now() - imports.KEPT * 1.1
    task.clear()
    assert listed(number, Verdict.NEW) == []
    with Session.begin() as own:
        found = imports.hold(own, number)
        assert (found.state, imports.start(own, found, utc_now())) == (ImportState.CANCELLED, False)


@pytest.mark.parametrize(
    ("lost", "why"), [(True, imports.LOST), (False, "From line 2 on a quotation mark is never closed")]
)
def test_a_file_that_cannot_be_read_to_its_end_says_why(session, lost, why):
    number = bring("email\n" + '"' + "x" * 200_000)
    if lost:
        with Session.begin() as own:
            task.staging.clear_pieces(own, number)
    found = check(number, columns=["address"])
    assert found.state is ImportState.FAILED
    assert why in found.why


def test_tags_of_the_file_and_of_all_are_put_on(session):
    known = a_subscriber(session, email="in@example.org")
    session.commit()
    number = bring('Email,Tags\nada@example.org,"VIP, back"\nin@example.org,\n')
    check(number, tags=["former clients"], known="tags")
    assert start(number).done == {"added": 1, "named": 0, "tagged": 1}
    ada = people()["ada@example.org"]
    assert [tag.name for tag in tags.of(session, ada.id)] == ["back", "former clients", "vip"]
    assert [tag.name for tag in tags.of(session, known.id)] == ["former clients"]


def test_a_course_begins_only_where_it_was_chosen_and_is_taken_back_with_them(session):
    sequence = a_sequence(session)
    session.commit()
    number = bring("ada@example.org\n")
    check(number, sequence_id=sequence.id)
    assert start(number).done == {"added": 1, "on a course": 1}
    enrolment = session.scalars(select(Enrolment)).one()
    assert (enrolment.step_id, enrolment.next_at > utc_now()) == (sequence.steps[0].id, True)
    with Session.begin() as own:
        imports.undo(own, imports.hold(own, number))
    task.work()
    assert found_again(number).done["taken back"] == 1
    assert session.scalars(select(Enrolment)).all() == []


def test_each_is_asked_a_few_a_minute_and_nobody_is_in_before_they_confirm(session, monkeypatch):
    monkeypatch.setattr(asking, "A_MINUTE", 2)
    form = a_form(session)
    session.commit()
    number = bring("".join(f"reader-{at}@example.org\n" for at in range(3)))
    check(number, way="ask", form_id=form.id, how="")
    found = start(number)
    assert (found.state, found.done) == (ImportState.RUNNING, {"asked": 2})
    task.work()
    assert found_again(number).done == {"asked": 2}  # a minute has not passed
    with Session.begin() as own:
        imports.hold(own, number).lease_until = None
    task.work()
    with Session.begin() as own:
        imports.hold(own, number).lease_until = None
    task.work()
    assert (found_again(number).state, found_again(number).done) == (ImportState.DONE, {"asked": 3})
    assert {person.state for person in people().values()} == {SubscriberState.PENDING}
    assert session.scalars(select(Message.template)).all() == ["confirmation"] * 3
