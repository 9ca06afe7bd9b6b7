"""What the pages of one mail of a course share beside its words."""

from http import HTTPStatus
from typing import Any

from flask import abort, make_response, render_template
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.models.content import Step


def step_of(session: OrmSession, step_id: int) -> Step:
    return session.get(Step, step_id) or abort(HTTPStatus.NOT_FOUND)


def page(template: str, **values: Any) -> AnyResponse:
    return make_response(render_template(f"owner/{template}.html", **values))
