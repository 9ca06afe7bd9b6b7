"""Which issues stand in the archive, in which order, and the switch of each."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from funnel.db import Session
from funnel.models.content import Newsletter, NewsletterState, Part
from funnel.programme import archive, outgoing, subject_trial
from tests.conftest import NOW
from tests.factories import an_issue
from tests.mail_cast import somebody_waits, wait_for

State = NewsletterState


def shown(session):
    return [issue.id for issue in archive.listed(session, 50)]


@pytest.mark.parametrize(
    ("changes", "is_shown"),
    [
        ({"state": State.SENT}, True),
        ({"state": State.SENDING}, True),
        ({"state": State.PAUSED, "started_at": NOW}, True),
        ({"state": State.PAUSED}, False),
        ({"state": State.DRAFT, "send_at": None}, False),
        ({"state": State.SCHEDULED}, False),
        ({"state": State.CANCELLED, "started_at": NOW}, False),
        ({"in_archive": False}, False),
        *(({"part": part}, False) for part in Part),
    ],
)
def test_what_began_to_leave_stands_there_unless_it_was_cancelled_or_switched_off(session, changes, is_shown):
    issue = an_issue(session, **changes)
    assert shown(session) == ([issue.id] if is_shown else [])
    assert archive.is_offered(session) is is_shown
    assert [one.id for one in archive.latest(session, 9)] == shown(session)


def test_one_that_was_cancelled_on_its_way_is_found_by_its_mails_and_listed_nowhere(session):
    cancelled = {"state": State.CANCELLED, "cancelled_at": NOW + timedelta(days=2)}
    issue, draft = an_issue(session, started_at=NOW, **cancelled), an_issue(session, started_at=None, **cancelled)
    assert archive.found(session, issue.id) is issue
    assert archive.found(session, draft.id) is None
    assert (shown(session), archive.is_offered(session)) == ([], False)
    assert archive.changed_at(session, 10) == issue.cancelled_at


def test_what_is_switched_off_is_found_so_that_its_page_can_say_so(session):
    issue = an_issue(session, in_archive=False)
    draft = an_issue(session, state=State.DRAFT)
    assert archive.found(session, issue.id) is issue
    assert archive.found(session, draft.id) is None


def test_the_newest_comes_first_and_each_knows_its_neighbours(session):
    old, new, between, same = (an_issue(session, send_at=NOW + timedelta(days=days)) for days in (0, 9, 5, 5))
    an_issue(session, send_at=NOW + timedelta(days=6), in_archive=False)
    assert shown(session) == [new.id, same.id, between.id, old.id]
    assert archive.around(session, same) == (between, new)
    assert archive.around(session, old) == (None, between)


def test_the_switch_says_whether_it_changed_anything_and_when(session):
    issue = an_issue(session)
    later = NOW + timedelta(days=3)
    assert archive.changed_at(session, 10) == NOW
    assert archive.hide(session, issue.id, later)
    assert not archive.hide(session, issue.id, later)
    session.refresh(issue)
    assert (issue.in_archive, issue.archive_set_at, shown(session)) == (False, later, [])
    assert archive.changed_at(session, 10) == later
    assert archive.show(session, issue.id, later)
    assert shown(session) == [issue.id]


def test_an_empty_archive_never_changed(session):
    assert archive.changed_at(session, 10) is None


def test_it_goes_by_the_better_of_two_subjects_and_the_moment_it_began(session):
    issue = an_issue(session, subject="First", subject_b="Second", started_at=NOW - timedelta(hours=2))
    assert (archive.subject(issue), archive.published_at(issue)) == ("First", NOW - timedelta(hours=2))
    for winner, said in ((Part.A, "First"), (Part.B, "Second")):
        issue.winner = winner
        assert archive.subject(issue) == said


def test_wordings_and_resends_have_the_page_and_the_switch_of_their_issue(session):
    issue = an_issue(session, in_archive=False, subject_b="Second")
    part = subject_trial.wording(session, issue, Part.B, NOW)
    again = an_issue(session, parent_id=issue.id, part=Part.RESEND, in_archive=False)
    assert {archive.path(one) for one in (issue, part, again)} == {f"/archive/{issue.id}"}
    assert not part.in_archive
    archive.show(session, issue.id, NOW)
    session.expire_all()
    assert all(one.in_archive for one in (issue, part, again))
    assert shown(session) == [issue.id]


def test_the_switch_reaches_a_wording_that_is_being_made_at_that_moment(session):
    issue = an_issue(session, state=State.SENDING, subject_b="Second", trial_hours=4)
    session.commit()
    number = issue.id
    with Session() as planner, ThreadPoolExecutor() as threads:
        made = subject_trial.wording(planner, outgoing.held(planner, number), Part.A, NOW).id
        hidden = threads.submit(hide, number)
        wait_for(somebody_waits)
        planner.commit()
        hidden.result()
    session.expire_all()
    assert not session.get_one(Newsletter, made).in_archive


def hide(number):
    with Session.begin() as own:
        archive.hide(own, number, NOW)
