"""Sign-ups that come at the same moment, taken by a few statements for all of them.

Each is taken as if it had come alone, but that those of one moment do not see one another, as none did before.
"""

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, TextClause, any_, bindparam, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from funnel.audience import door, signup
from funnel.audience.risk import Facts
from funnel.audience.signup import Doorway, Looks, Typed
from funnel.audience.visit import Visit
from funnel.db import Base
from funnel.models.people import Form, FormState, SignUp

_FORMS = select(Form.id, Form.slug, Form.language, Form.wording, Form.thanks_url).where(
    Form.id == any_(bindparam("ids", type_=ARRAY(BigInteger))), Form.state == FormState.OPEN
)
_SIGN_UP = Base.metadata.tables[SignUp.__tablename__]
_DEFAULTS = {
    one.name: one.default.arg for one in _SIGN_UP.columns if isinstance(one.default, ScalarElementColumnDefault)
}


@dataclass(frozen=True)
class Arrival:
    """One filled-in form with nothing wrong in it. `facts`: as far as the request tells them; None: not weighed."""

    slug: str
    form_id: int  # as its token says
    typed: Typed
    source: str
    utm: dict[str, str]
    visit: Visit
    facts: Facts | None
    at: datetime


@dataclass(frozen=True)
class Taken:
    form: Doorway
    sign_up_id: int


def take(session: Session, arrivals: Sequence[Arrival]) -> list[Taken | None]:
    """Signs up those of an open form that do not look risky, in the order given; None for each of the others."""
    forms = _forms(session, {one.form_id for one in arrivals})
    asked = [(one.form_id, one.visit.network) for one in arrivals]
    companies = door.companies(session, asked, max(one.at for one in arrivals))
    rows = {}
    for place, (one, company) in enumerate(zip(arrivals, companies, strict=True)):
        found = door.risk_of(one.facts, company)
        form = forms.get(one.form_id)
        if form and form.slug == one.slug and not door.asks_more(found):
            looks = Looks(found.signs)
            rows[place] = signup.columns(form, one.typed, one.source, one.utm, one.visit, one.at, looks)
    ids = dict(zip(rows, _inserted(session, list(rows.values())), strict=True)) if rows else {}
    return [Taken(forms[one.form_id], ids[place]) if place in ids else None for place, one in enumerate(arrivals)]


def _forms(session: Session, ids: set[int]) -> dict[int, Doorway]:
    return {row.id: Doorway(*row) for row in session.execute(_FORMS, {"ids": list(ids)})}


def _inserted(session: Session, rows: list[dict[str, Any]]) -> list[int]:
    """The ids of the rows, in their order."""
    told = json.dumps([_DEFAULTS | row for row in rows], default=_plain)
    ids = {bytes(row.nonce): row.id for row in session.execute(_insert(), {"rows": told})}
    return [ids[row["nonce"]] for row in rows]


def _plain(value: Any) -> str:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


@functools.cache
def _insert() -> TextClause:
    """One statement for however many: what SQLAlchemy makes is another one for each number of rows, never prepared."""
    columns = [column for column in _SIGN_UP.columns if not column.primary_key]
    names = ", ".join(column.name for column in columns)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # it comes without types
    typed = ", ".join(f"{column.name} {column.type.compile(dialect)}" for column in columns)
    return text(f"""
        INSERT INTO sign_up ({names}) SELECT {names} FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row ({typed})
        RETURNING id, nonce""")  # noqa: S608 (names of our own)
