"""A small practice by the dice, in which everything that a line of a rule may ask of happens to somebody."""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import select

from funnel.models.content import EnrolmentState, Newsletter, Part
from funnel.models.mail import LinkKind, MessageKind, MessageState
from funnel.models.people import Pace, SubscriberState, Suppression, SuppressionReason
from funnel.models.responses import BookingState, EventKind
from funnel.models.tags import Tag, Tagged
from tests import factories
from tests.conftest import NOW

NAMES = ("Ada", "Ben", "Adam", "Chloé")
PLACES = {"now": EnrolmentState.ACTIVE, "finished": EnrolmentState.FINISHED, "stopped": EnrolmentState.STOPPED}


@dataclass
class Folk:
    """A practice of `people` by the dice of `seed`."""

    session: Any
    seed: int
    people: int = 12
    dice: random.Random = field(init=False)
    kept: dict[Any, list[Any]] = field(default_factory=dict)

    def __post_init__(self):
        self.dice = random.Random(self.seed)
        session = self.session
        self.tags = [factories.add(session, Tag(name=f"tag {at}", created_at=NOW)) for at in range(2)]
        self.courses = [factories.a_sequence(session) for _ in range(2)]
        self.forms = [factories.a_form(session, sequence_id=self.courses[0].id) for _ in range(2)]
        self.issues = [factories.add(session, Newsletter(subject="N", body="B", created_at=NOW)) for _ in range(2)]
        wording = {"parent_id": self.issues[0].id, "part": Part.B}
        self.sent = [
            *self.issues,
            factories.add(session, Newsletter(subject="N2", body="B", created_at=NOW, **wording)),
        ]
        step = self.courses[0].steps[0].id
        self.links = [
            factories.a_link(session, kind=LinkKind.BOOKING, step_id=step),
            factories.a_link(session, step_id=step),
            *(factories.a_link(session, newsletter_id=issue.id) for issue in self.sent),
        ]
        self.folk = [self.somebody() for _ in range(self.people)]
        self.one_merged()
        session.flush()

    def rows(self, kind):
        """All rows of a table, read once."""
        if kind not in self.kept:
            self.kept[kind] = list(self.session.scalars(select(kind)))
        return self.kept[kind]

    def luck(self, share):
        return self.dice.random() < share

    def ago(self, days=200):
        return NOW - timedelta(days=days * self.dice.random())

    def somebody(self):
        session, dice = self.session, self.dice
        state = dice.choice([SubscriberState.ACTIVE] * 5 + list(SubscriberState))
        came = self.ago()
        person = factories.a_subscriber(
            session,
            first_name=dice.choice(NAMES),
            state=state,
            source=dice.choice(("ql", "instagram", "")),
            form_id=dice.choice([None, *(form.id for form in self.forms)]),
            created_at=came,
            confirmed_at=None if state == SubscriberState.PENDING else came + timedelta(days=1),
            pace=dice.choice((Pace.ALL, Pace.ALL, Pace.MONTHLY)),
            paused_until=dice.choice((None, None, NOW - timedelta(days=1), NOW + timedelta(days=2))),
        )
        if state == SubscriberState.ERASED:
            person.email = person.address_hash = None
        if person.address_hash and self.luck(0.15):
            row = {"address_hash": person.address_hash, "reason": SuppressionReason.OWNER, "created_at": NOW}
            session.add(Suppression(**row))
        for tag in self.tags:
            if self.luck(0.4):
                session.add(Tagged(tag_id=tag.id, subscriber_id=person.id, at=NOW))
        for course in self.courses:
            if self.luck(0.5):
                state = dice.choice(list(EnrolmentState))
                step = dice.choice(course.steps).id if state == EnrolmentState.ACTIVE else None
                factories.an_enrolment(session, person, course, state=state, step_id=step)
        for issue in self.sent:
            if self.luck(0.4):
                self.mail(person, issue)
        for _ in range(dice.randrange(4)):
            self.click(person)
        if self.luck(0.3):
            factories.a_booking(session, person, state=dice.choice(list(BookingState)))
        if self.luck(0.6):
            self.stamp(person)
        return person

    def mail(self, person, issue):
        state = self.dice.choice([MessageState.SENT, *MessageState])
        about = {"kind": MessageKind.NEWSLETTER, "newsletter_id": issue.id, "template": "newsletter"}
        factories.a_message(self.session, person, state=state, due_at=NOW - timedelta(days=30), **about)

    def click(self, person):
        link, at = self.dice.choice(self.links), self.ago()
        about = {"link_id": link.id, "subscriber_id": person.id, "at": at, "machine": self.luck(0.3)}
        kind = EventKind.CLICK if self.luck(0.9) else EventKind.OPEN
        factories.an_event(self.session, kind, **about)

    def stamp(self, person):
        at = self.dice.choice((NOW - timedelta(hours=3), NOW - timedelta(hours=30), self.ago()))
        factories.a_stamp(self.session, person, at, newsletter_at=self.dice.choice((None, at)))

    def one_merged(self):
        """One entry is but a pointer to another: its mails count as the other's."""
        kept, pointer = self.folk[:2]
        pointer.state, pointer.email, pointer.address_hash = SubscriberState.ERASED, None, None
        pointer.merged_into_id = kept.id

    def lines(self):
        """A strategy of lines, each about what is there."""
        ids = lambda rows: st.sampled_from([row.id for row in rows])  # noqa: E731
        days = st.sampled_from([1, 30, 90, 150])
        day = st.integers(-1, 200).map(lambda ago: (NOW.date() - timedelta(days=ago)).isoformat())
        either = st.tuples(day, day).map(sorted)
        steps = [step for course in self.courses for step in course.steps]
        made = {
            "everybody": {},
            "came_by": {"source": st.sampled_from(["ql", "instagram", "", "nowhere"])},
            "by_form": {"form": ids(self.forms)},
            "tagged": {"tag": ids(self.tags)},
            "on_course": {"course": ids(self.courses), "place": st.sampled_from([*PLACES, "ever"])},
            "awaits": {"step": ids(steps)},
            "nearly_booked": {},
            "booked": {},
            "quiet": {"days": days},
            "clicked": {"days": days},
            "got_issue": {"newsletter": ids(self.issues)},
            "clicked_issue": {"newsletter": ids(self.issues)},
            "pace": {"pace": st.sampled_from(list(Pace)).map(str)},
            "called": {
                "words": st.sampled_from(["ada", "be", "adam", "example.org", "chloé", "da", "subscriber-1", "@exa ad"])
            },
        }
        plain = [st.fixed_dictionaries({"is": st.just(kind), **parts}) for kind, parts in made.items()]
        joined = either.map(lambda two: {"is": "joined", "since": two[0], "until": two[1]})
        return st.one_of(*plain, joined)

    def rules(self):
        """A strategy of rules of all, any and not."""
        group = lambda inner: st.one_of(  # noqa: E731
            inner.map(lambda part: {"not": part}),
            st.tuples(st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)).map(
                lambda two: {two[0]: two[1]}
            ),
        )
        return st.recursive(self.lines(), group, max_leaves=6)
