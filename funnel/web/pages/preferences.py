"""What to send, and how often. The page shows no name and no address: mails are forwarded (law 8)."""

from collections.abc import Callable
from datetime import datetime

from flask import abort, render_template, request
from sqlalchemy import exists, select
from sqlalchemy.orm import Session as OrmSession

from funnel import languages, tokens
from funnel.audience import chosen, ending, former, own_data, preferences, topics
from funnel.db import Session, utc_now
from funnel.models.choices_made import Chose
from funnel.models.content import Enrolment, EnrolmentState
from funnel.models.mail import Message
from funnel.models.people import Form, Subscriber
from funnel.programme import archive
from funnel.tokens import BadToken, Purpose
from funnel.web import edge, spoken
from funnel.web.nudge import nudge
from funnel.web.pages import discreet
from tasks.mail import send_urgent

STOPPED_HERE = "the preferences page"
MY_DATA = "my-data"

blueprint = discreet.blueprint("preferences", __name__)


@blueprint.get("/preferences/<token>")
def show(token: str) -> str:
    now = utc_now()
    with Session.begin() as session:
        subscriber, message_id = _who(session, token)
        return _page(session, subscriber, token, now, message_id)


@blueprint.post("/preferences/<token>")
def change(token: str) -> str:
    now, wish = utc_now(), request.form.get("wish", "")
    with Session.begin() as session:
        subscriber, message_id = _who(session, token)
        if wish not in ("stop", MY_DATA) and _is_of_another_address(session, subscriber, token, message_id):
            abort(400)
        before = (subscriber.paused_until, subscriber.pace, _has_a_course(session, subscriber))
        (WISHES.get(wish) or abort(400))(session, subscriber, message_id, now)
        session.flush()
        if wish in KEPT and before != (subscriber.paused_until, subscriber.pace, _has_a_course(session, subscriber)):
            chosen.note(session, subscriber.id, KEPT[wish], now)
        page = _page(session, subscriber, token, now, message_id, done=wish)
    if wish == MY_DATA:
        nudge(send_urgent)
    return page


def _who(session: OrmSession, token: str) -> tuple[Subscriber, int | None]:
    subscriber_id, message_id = tokens.read(Purpose.PREFERENCES, token)
    subscriber = discreet.speak_to(session, subscriber_id)
    if subscriber is None:
        raise BadToken
    return subscriber, message_id or None


def _is_of_another_address(session: OrmSession, subscriber: Subscriber, token: str, message_id: int | None) -> bool:
    """Whether the link was mailed to an address they left behind, where somebody else may read: it shows nothing."""
    if tokens.read(Purpose.PREFERENCES, token)[0] != subscriber.id:
        return True
    moved_at = former.since(session, subscriber.id)
    if moved_at is None:
        return False
    mail = session.get(Message, message_id) if message_id else None
    return mail is None or mail.created_at < moved_at


def _page(
    session: OrmSession, subscriber: Subscriber, token: str, now: datetime, message_id: int | None, done: str = ""
) -> str:
    return render_template(
        "pages/preferences/show.html",
        state=subscriber.state.value,
        monthly=subscriber.pace == "monthly",
        course=_has_a_course(session, subscriber),
        paused_until=subscriber.paused_until if subscriber.paused_until and subscriber.paused_until > now else None,
        form=session.get(Form, subscriber.form_id) if subscriber.form_id else None,
        token=token,
        bare=_is_of_another_address(session, subscriber, token, message_id),
        done=done,
        archive=archive.is_offered(session),
        topics=topics.offered(session, subscriber.id),
        languages=languages.known(),
        spoken=subscriber.language,
    )


def _has_a_course(session: OrmSession, subscriber: Subscriber) -> bool:
    active = exists().where(Enrolment.subscriber_id == subscriber.id, Enrolment.state == EnrolmentState.ACTIVE)
    return bool(session.scalar(select(active)))


def _pause(session: OrmSession, subscriber: Subscriber, _message_id: int | None, now: datetime) -> None:
    preferences.pause(session, subscriber, now)


def _resume(session: OrmSession, subscriber: Subscriber, _message_id: int | None, now: datetime) -> None:
    preferences.resume(session, subscriber, now)


def _monthly(session: OrmSession, subscriber: Subscriber, _message_id: int | None, now: datetime) -> None:
    preferences.monthly(session, subscriber, now)


def _all_mails(session: OrmSession, subscriber: Subscriber, _message_id: int | None, now: datetime) -> None:
    preferences.all_mails(session, subscriber, now)


def _no_course(session: OrmSession, subscriber: Subscriber, _message_id: int | None, now: datetime) -> None:
    preferences.no_course(session, subscriber, now)


def _topics(session: OrmSession, subscriber: Subscriber, _message_id: int | None, now: datetime) -> None:
    shown = _numbers("shown") if "shown" in request.form else None  # of a page that was opened before it told them
    topics.choose(session, subscriber, _numbers("topic"), now, shown)


def _numbers(name: str) -> set[int]:
    return {int(text) for text in request.form.getlist(name) if text.isdecimal() and len(text) < 19}


def _language(session: OrmSession, subscriber: Subscriber, _message_id: int | None, now: datetime) -> None:
    before, wanted = subscriber.language, request.form.get("language", "")
    if not preferences.speak(session, subscriber, wanted, now):
        abort(400)
    spoken.speak(wanted, subscriber.time_zone)
    if wanted != before:
        chosen.note(session, subscriber.id, Chose.LANGUAGE, now, before=before, after=wanted)


def _stop(session: OrmSession, subscriber: Subscriber, message_id: int | None, now: datetime) -> None:
    ending.leave(session, subscriber.id, STOPPED_HERE, edge.visit(), now, message_id=message_id)
    session.refresh(subscriber)


def _my_data(session: OrmSession, subscriber: Subscriber, _message_id: int | None, now: datetime) -> None:
    own_data.fresh_link(session, subscriber, now)


WISHES: dict[str, Callable[[OrmSession, Subscriber, int | None, datetime], None]] = {
    "pause": _pause,
    "resume": _resume,
    "monthly": _monthly,
    "all": _all_mails,
    "no-course": _no_course,
    "topics": _topics,
    "language": _language,
    "stop": _stop,
    MY_DATA: _my_data,
}
# Kept as evidence of what the reader wished; leaving is a consent line of its own.
KEPT = {
    "pause": Chose.PAUSE,
    "resume": Chose.GO_ON,
    "monthly": Chose.MONTHLY,
    "all": Chose.ALL,
    "no-course": Chose.NO_COURSE,
}
