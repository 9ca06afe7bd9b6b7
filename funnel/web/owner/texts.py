"""What the pages about a text's words share, whatever kind of text it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Response, make_response, render_template, request
from sqlalchemy.orm import Session as OrmSession

from funnel.db import utc_now
from funnel.models.editing import Draft
from funnel.programme import drafts, file_copies, revisions
from funnel.programme.wording import Fault
from funnel.web.owner import frame, gate, typed
from funnel.web.owner.look import Content
from funnel.web.owner.manner import Manner, Row


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
    manner: Manner,
    row: Row,
    content: Content,
    *,
    draft: Draft | None,
    based_on: int,
    faults: Sequence[Fault] = (),
    clashes: int | None = None,
) -> Response:
    """The editor's page, with the frame of its preview.

    `clashes`: how many places are to be decided in a text joined of two.
    """
    answer = page(
        "editor/show",
        manner,
        row,
        content=content,
        draft=draft,
        based_on=based_on,
        newer=draft is not None and revisions.latest(session, manner.kind, row.id) > draft.based_on,
        faults=faults,
        wrong=by_field(faults),
        clashes=clashes,
        others=drafts.others(session, manner.kind, row.id, gate.owner().id),
        ready=typed.ready(session, manner.look, content, row.id, None, utc_now()),
        **manner.choices(session, row, content),
    )
    return frame.around(answer)


def by_field(faults: Sequence[Fault]) -> dict[str, list[Fault]]:
    """What is wrong, under the field it is wrong with."""
    found: dict[str, list[Fault]] = {}
    for fault in faults:
        found.setdefault(fault.field, []).append(fault)
    return found


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


def page(template: str, manner: Manner, row: Row, **values: Any) -> Response:
    return make_response(render_template(f"owner/{template}.html", **known(manner, row), **values))


def standing(template: str, session: OrmSession, manner: Manner, row: Row, **values: Any) -> Response:
    """The page where a text stands, with what waits to be said of it, and frames that show it."""
    return frame.around(page(template, manner, row, **waiting(session, manner, row), **values))


def known(manner: Manner, row: Row) -> dict[str, Any]:
    """What each of its pages is told. `here` is where the text stands, `name` what it is called."""
    return {
        "manner": manner,
        "look": manner.look,
        "noun": manner.noun,
        "under": manner.under(row) if manner.under else manner.noun,
        "one": manner.one,
        "labels": manner.labels,
        "text": row,
        "name": manner.title(row),
        "here": manner.page(row.id),
        "in_force": manner.in_force(row),
    }
