"""Downloads: who took the handout of a form. A person is counted once, their visits and machines' beside that."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience import pointer
from funnel.config import settings
from funnel.models.handouts import HandoutDay
from funnel.models.people import Form, Subscriber, SubscriberState
from funnel.models.responses import Event, EventKind
from funnel.programme import handouts
from funnel.programme.handouts import Sheet
from funnel.response import machine
from funnel.tokens import BadToken, Purpose


def visit(session: Session, token: str, *, begins: bool, head: bool, agent: str, now: datetime) -> Sheet:
    """The handout behind a link of ours; notes the visit, and changes nothing else (law 3).

    `begins`: its first part is asked for. A telephone's viewer asks for the rest piece by piece, which is no visit.
    Raises BadToken for a token that is not ours.
    """
    numbers = tokens.read(Purpose.HANDOUT, token)
    if len(numbers) != 2:
        raise BadToken
    form = session.get(Form, numbers[0])
    sheet = handouts.given(session, form)
    if form and begins:
        why = machine.reason(head=head, agent=agent, delivery=None, now=now)
        first = not why and _note(session, form, numbers[1], sheet, now)
        _count(session, form.id, people=int(first), visits=int(not why), machines=int(bool(why)), now=now)
    return sheet


def _note(session: Session, form: Form, subscriber_id: int, sheet: Sheet, now: datetime) -> bool:
    """Adds the person's row; False for nobody of ours, and for somebody who took it before."""
    person = session.get(Subscriber, pointer.kept(session, subscriber_id)) if subscriber_id else None
    if person is None or person.state is SubscriberState.ERASED:
        return False
    row = insert(Event).values(
        kind=EventKind.HANDOUT,
        key=f"handout:{form.id}:{person.id}",
        at=now,
        subscriber_id=person.id,
        detail={"title": sheet.title, "form": form.id},
    )
    return session.scalar(row.on_conflict_do_nothing(index_elements=["key"]).returning(Event.id)) is not None


def _count(session: Session, form_id: int, *, people: int, visits: int, machines: int, now: datetime) -> None:
    more = {"people": people, "visits": visits, "machines": machines}
    day = now.astimezone(settings().zone).date()
    row = insert(HandoutDay).values(form_id=form_id, day=day, **more)
    added = {name: getattr(HandoutDay, name) + number for name, number in more.items()}
    session.execute(row.on_conflict_do_update(index_elements=["form_id", "day"], set_=added))
