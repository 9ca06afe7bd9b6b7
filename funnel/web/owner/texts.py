"""What the pages about a post's or form's words share."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import make_response, render_template, request
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.models.editing import Draft
from funnel.programme import drafts, file_copies, revisions
from funnel.programme.wording import Fault
from funnel.web import edge
from funnel.web.owner import frame, gate
from funnel.web.owner.manner import MANNERS, Content, Manner, Row

ROUTE = f"/<any({', '.join(MANNERS)}):noun>/<{gate.ID}:text_id>"


def number(name: str) -> int:
    """A number of the form; 0 where none stands."""
    found = request.form.get(name, 0, type=int)
    return found if 0 <= found < 1 << 63 else 0


def kept(session: OrmSession, manner: Manner, row: Row, content: Content, based_on: int, now: datetime) -> Draft:
    """What was typed, kept over whatever draft this owner had: they pressed the button last."""
    owner_id = gate.owner().id
    before = drafts.of(session, manner.kind, row.id, owner_id)
    version = before.version if before else 0
    return drafts.keep(
        session, manner.kind, row.id, owner_id, content, based_on=based_on, version=version, now=now
    )  # fmt: skip


def editor(
    session: OrmSession,
    noun: str,
    row: Row,
    content: Content,
    *,
    draft: Draft | None,
    based_on: int,
    faults: Sequence[Fault] = (),
    clashes: int | None = None,
    **more: Any,
) -> AnyResponse:
    """The editor's page, with the frame of its preview.

    `clashes`: how many places are to be decided in a text joined of two.
    """
    manner = MANNERS[noun]
    answer = page(
        f"text_editor/{noun}",
        noun,
        row,
        content=content,
        draft=draft,
        based_on=based_on,
        newer=draft is not None and revisions.latest(session, manner.kind, row.id) > draft.based_on,
        faults=faults,
        clashes=clashes,
        others=drafts.others(session, manner.kind, row.id, gate.owner().id),
        **more,
    )
    answer.headers["Content-Security-Policy"] = f"{edge.CONTENT_SECURITY_POLICY}; {frame.AROUND}"
    return answer


def waiting(session: OrmSession, manner: Manner, row: Row) -> dict[str, Any]:
    """What waits to be said of it: drafts, a file with other words."""
    copy = file_copies.of(session, manner.kind, row.id)
    differs = copy is not None and copy.content and copy.content != manner.typed(session, row)
    return {
        "draft": drafts.of(session, manner.kind, row.id, gate.owner().id),
        "others": drafts.others(session, manner.kind, row.id, gate.owner().id),
        "thrown_away": request.args.get("thrown_away", type=int),
        "copy": copy if differs else None,
    }


def page(template: str, noun: str, row: Row, **values: Any) -> AnyResponse:
    manner = MANNERS[noun]
    known = {"noun": noun, "text": row, "one": manner.one, "labels": manner.labels, "here": manner.page(row.id)}
    return make_response(render_template(f"owner/{template}.html", **known, **values))
