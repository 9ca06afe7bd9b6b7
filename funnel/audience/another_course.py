"""Another course: somebody who is in signs up by a form that leads to one they never met, or gives another handout.

Their sign-up changes nothing of theirs (law 4); what it led to is asked or told in a mail.
"""

from collections.abc import Collection

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from funnel.models.content import Enrolment, Sequence, SequenceState, Step
from funnel.models.handouts import Gives
from funnel.models.people import Form, SignUp, Subscriber
from funnel.models.responses import Event, EventKind
from funnel.programme.history import among

Pair = tuple[int, int]  # a subscriber and a form
Gift = tuple[Gives, int | None]  # our own handout is one, whatever its language


def unmet(session: Session, pairs: Collection[Pair]) -> set[Pair]:
    """Those of these whose form leads them to a course that they never met, and of which there is something to send."""
    if not pairs:
        return set()
    people, form_ids = _sides(pairs)
    has_mails = exists().where(Step.sequence_id == Sequence.id, Step.state == SequenceState.LIVE)
    forms = select(Form.id, Form.sequence_id).join(Sequence, Sequence.id == Form.sequence_id)
    given = forms.where(among(Form.id, form_ids), Sequence.state != SequenceState.RETIRED, has_mails)
    course = {row.id: row.sequence_id for row in session.execute(given)}
    places = select(Enrolment.subscriber_id, Enrolment.sequence_id).where(among(Enrolment.subscriber_id, people))
    met = {(row.subscriber_id, row.sequence_id) for row in session.execute(places)}
    return {(person, form) for person, form in pairs if form in course and (person, course[form]) not in met}


def is_met(session: Session, subscriber_id: int, form: Form) -> bool:
    """Whether they are or were on the course that the form leads to."""
    theirs = Enrolment.subscriber_id == subscriber_id, Enrolment.sequence_id == form.sequence_id
    return session.scalar(select(Enrolment.id).where(*theirs)) is not None


def new_gifts(session: Session, pairs: Collection[Pair]) -> set[Pair]:
    """Those of these whose form gives a handout that no form gave them by which they came in, and that they never took.

    A form gave what it gives now: which file it gave a year ago is not kept.
    """
    if not pairs:
        return set()
    people, form_ids = _sides(pairs)
    who = func.coalesce(Subscriber.merged_into_id, Subscriber.id)
    theirs = or_(among(Subscriber.id, people), among(Subscriber.merged_into_id, people))
    first = select(who.label("person"), Subscriber.form_id.label("form")).where(theirs, Subscriber.form_id.is_not(None))
    confirmed = (
        select(who, SignUp.form_id)
        .join(SignUp, SignUp.subscriber_id == Subscriber.id)
        .where(theirs, SignUp.confirmed_at.is_not(None))
    )
    came_by = {(row.person, row.form) for row in session.execute(first.union(confirmed))}
    forms = select(Form.id, Form.gives, Form.own_file_id).where(among(Form.id, {*form_ids, *(f for _, f in came_by)}))
    gives: dict[int, Gift] = {row.id: (row.gives, row.own_file_id) for row in session.execute(forms)}
    had = {(person, gives[form]) for person, form in came_by}
    left = {(person, form) for person, form in pairs if gives[form][0] is not Gives.NONE}
    left -= {(person, form) for person, form in left if (person, gives[form]) in had}
    return left - _taken(session, left)


def _taken(session: Session, pairs: Collection[Pair]) -> set[Pair]:
    keys = {f"handout:{form}:{person}": (person, form) for person, form in pairs}
    took = select(Event.key).where(Event.kind == EventKind.HANDOUT, Event.key.in_(keys))
    return {keys[key] for key in session.scalars(took) if key} if keys else set()


def _sides(pairs: Collection[Pair]) -> tuple[set[int], set[int]]:
    return {person for person, _ in pairs}, {form for _, form in pairs}
