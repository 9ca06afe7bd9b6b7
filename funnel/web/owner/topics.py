"""The topics that readers may switch off: made, renamed, retired, and brought back."""

from http import HTTPStatus

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.audience import topics
from funnel.audience.topics import TopicError
from funnel.db import Session, utc_now
from funnel.models.topics import Topic
from funnel.web.owner import gate

blueprint = gate.pages("topics", __name__)


@blueprint.get("/newsletters/topics")
def index(problem: str = "") -> str:
    with Session.begin() as session:
        typed = _typed() if request.method == "POST" else {"name": "", "about": ""}
        return render_template(
            "owner/topics/index.html",
            topics=topics.every(session),
            most=topics.MOST_COUNTED,
            problem=problem,
            typed=typed,
        )


@blueprint.post("/newsletters/topics")
def make() -> AnyResponse | tuple[str, int]:
    now = utc_now()
    try:
        with Session.begin() as session:
            topic = topics.make(session, **_typed(), now=now)
            gate.note(session, "made a topic", now, topic=topic.id, name=topic.name)
    except TopicError as error:
        return index(str(error)), HTTPStatus.UNPROCESSABLE_ENTITY
    flash("Made. Readers can switch it off from now on; until they do, they get it.")
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


@blueprint.get(f"/newsletters/topics/<{gate.ID}:topic_id>")
def show(topic_id: int, problem: str = "") -> str:
    with Session.begin() as session:
        topic = _topic(session, topic_id)
        typed = _typed() if request.method == "POST" else {"name": topic.name, "about": topic.about}
        return render_template("owner/topics/show.html", topic=topic, problem=problem, typed=typed)


@blueprint.post(f"/newsletters/topics/<{gate.ID}:topic_id>")
def rename(topic_id: int) -> AnyResponse | tuple[str, int]:
    now = utc_now()
    try:
        with Session.begin() as session:
            topic = _topic(session, topic_id)
            topics.rename(session, topic, **_typed())
            gate.note(session, "renamed a topic", now, topic=topic_id, name=topic.name)
    except TopicError as error:
        return show(topic_id, str(error)), HTTPStatus.UNPROCESSABLE_ENTITY
    flash("Saved. Who had switched it off still has.")
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


@blueprint.post(f"/newsletters/topics/<{gate.ID}:topic_id>/retire")
def retire(topic_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        topics.retire(session, _topic(session, topic_id), now)
        gate.note(session, "retired a topic", now, topic=topic_id)
    flash("Retired: offered to nobody any more. You can bring it back below; who switched it off is remembered.")
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


@blueprint.post(f"/newsletters/topics/<{gate.ID}:topic_id>/bring-back")
def bring_back(topic_id: int) -> AnyResponse:
    now = utc_now()
    try:
        with Session.begin() as session:
            topics.bring_back(session, _topic(session, topic_id))
            gate.note(session, "brought a topic back", now, topic=topic_id)
        flash("Offered again.")
    except TopicError as error:
        flash(str(error), "warn")
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


def _typed() -> dict[str, str]:
    return {name: request.form.get(name, "").replace("\0", "") for name in ("name", "about")}


def _topic(session: OrmSession, topic_id: int) -> Topic:
    return session.get(Topic, topic_id, with_for_update=True) or abort(HTTPStatus.NOT_FOUND)
