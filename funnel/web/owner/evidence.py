"""The evidence of one person's consent, to be read, printed, or taken along as JSON. Who looks is written down."""

import json
from http import HTTPStatus
from typing import Any

from flask import Response, abort, render_template
from sqlalchemy.orm import Session as OrmSession

from funnel.audience import evidence
from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.models.people import Subscriber
from funnel.web.owner import gate
from funnel.web.owner.form_manner import LABELS

blueprint = gate.pages("evidence", __name__)


@blueprint.get(f"/people/<{gate.ID}:person_id>/evidence")
def show(person_id: int) -> str:
    now = utc_now()
    with Session.begin() as session:
        person = _looked_at(session, person_id, "page")
        return render_template(
            "owner/evidence/show.html",
            person=person,
            lines=evidence.of(session, person_id),
            barred=evidence.not_mailed_because(session, person),
            labels=LABELS,
            now=now,
        )


@blueprint.get(f"/people/<{gate.ID}:person_id>/evidence.json")
def file(person_id: int) -> Response:
    now = utc_now()
    with Session.begin() as session:
        person = _looked_at(session, person_id, "file")
        told: dict[str, Any] = {
            "practice": settings().practice_name,
            "made_at": now.isoformat(),
            "address": person.email,
            "state": person.state.value,
            "not_mailed_because": evidence.not_mailed_because(session, person),
            "lines": evidence.told(session, person_id),
        }
    answer = Response(json.dumps(told, ensure_ascii=False, indent=2), mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="consent-{person_id}.json"'
    return answer


def _looked_at(session: OrmSession, person_id: int, how: str) -> Subscriber:
    """The person, also one of whom nothing else is left."""
    person = session.get(Subscriber, person_id) or abort(HTTPStatus.NOT_FOUND)
    gate.note(session, evidence.LOOKS, utc_now(), subscriber=person_id, how=how)
    return person
