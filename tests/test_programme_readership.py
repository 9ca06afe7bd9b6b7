"""Who had an issue is told as the mails tell it, whatever is counted of them and what is not yet."""

import pytest
from sqlalchemy import delete, select, update

from funnel.audience import counting
from funnel.audience.line import Named
from funnel.db import Session
from funnel.insight import counts, tallies
from funnel.mail import unknown
from funnel.models.content import Part
from funnel.models.mail import Message, MessageKind, MessageState
from funnel.models.tallies import BLOCKS, MailTally, Stale
from funnel.programme import readership
from funnel.programme.history import HAD
from tests.conftest import NOW
from tests.factories import a_message, a_subscriber, an_issue

SENT = (MessageState.SENT,)
WAYS = [MessageState.SENT, MessageState.SKIPPED, MessageState.UNKNOWN, MessageState.QUEUED]


class Issue:
    """One with a wording, to some people; its mails lie in several blocks."""

    def __init__(self, session):
        self.session, self.id = session, an_issue(session).id
        self.ids = [self.id, an_issue(session, parent_id=self.id, part=Part.A).id]
        self.mails = [self.mail(session, number).id for number in range(12)]
        session.commit()

    def mail(self, session, number):
        state = WAYS[number % 4]
        ended = {} if state is MessageState.QUEUED else {"ended_at": NOW, "reason": "why"}
        of = {"kind": MessageKind.NEWSLETTER, "newsletter_id": self.ids[number % 2], "state": state}
        return a_message(session, a_subscriber(session), **of, **ended)

    def counted(self):
        while (done := tallies.refresh(self.session, NOW)) and done.more:
            self.session.commit()
        self.session.commit()

    def read(self, states):
        named = Named((readership.of_issue(self.id, states),))
        crowds, _ = counting.read(self.session, [], NOW, exact=True, also={"theirs": named})
        return set(crowds["theirs"])

    def check(self):
        for states in (HAD, SENT):
            theirs = select(Message.subscriber_id).where(Message.newsletter_id.in_(self.ids), Message.state.in_(states))
            assert self.read(states) == set(self.session.scalars(theirs))


@pytest.fixture
def issue(session, monkeypatch):
    for module in (tallies, counts, readership):
        monkeypatch.setattr(module, "BLOCK", 3)
    found = Issue(session)
    found.counted()
    return found


def test_what_is_counted_is_told_without_the_mails(session, issue):
    had = issue.read(HAD)
    assert len(had) == 9
    issue.check()
    session.execute(update(MailTally).values(people=None))
    issue.check()
    session.rollback()
    session.execute(update(MailTally).where(MailTally.block == issue.mails[3] // 3).values(mails=0, people=b""))
    assert issue.read(HAD) < had


def test_a_mail_that_changes_is_seen_at_once(session, issue):
    assert unknown.accept(session, Message.id == issue.mails[2])
    issue.check()
    assert unknown.resend(session, NOW, Message.id == issue.mails[6])
    session.commit()
    issue.check()
    session.execute(update(Message).where(Message.id == issue.mails[0]).values(subscriber_id=a_subscriber(session).id))
    issue.check()
    issue.counted()
    issue.check()


def test_mails_are_seen_that_came_after_the_counting_or_late(session, issue):
    with Session() as other:
        late = issue.mail(other, 0).subscriber_id
        other.flush()
        for number in range(8):
            issue.mail(session, number)
        session.commit()
        issue.check()
        issue.counted()
        other.commit()
    issue.check()
    assert late in issue.read(SENT)


def test_a_block_that_is_to_be_counted_anew_is_read_from_its_mails(session, issue):
    block = issue.mails[3] // 3
    session.execute(delete(MailTally).where(MailTally.block == block))
    session.add(Stale(what=BLOCKS, ids=[block]))
    session.flush()
    issue.check()
