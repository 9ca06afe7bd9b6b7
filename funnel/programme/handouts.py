"""What a form gives to whoever confirms: our own handout, a PDF of the owner's, or nothing."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.config import settings
from funnel.models.handouts import Gives, OwnFile
from funnel.models.people import Form
from funnel.programme import handout, pdf_file
from funnel.tokens import Purpose

LONGEST_NAME = 100
MOST_KEPT = 3  # files of the owner's that a process holds, of at most 5 MB

_kept: dict[str, bytes] = {}  # by their digest


@dataclass(frozen=True)
class Sheet:
    """What is known of a PDF without its bytes. `own_file_id`: of one of the owner's."""

    title: str
    file_name: str
    digest: str
    size: int
    own_file_id: int | None = None


def address(form_id: int, subscriber_id: int) -> str:
    """Where the handout is taken, counted for this person. It works for years (law 8), and shows nothing personal."""
    return f"{settings().base_url}/handout/{tokens.sign(Purpose.HANDOUT, form_id, subscriber_id)}"


def offered(session: Session, form: Form) -> Sheet | None:
    """What the form gives now."""
    return None if form.gives is Gives.NONE else given(session, form)


def given(session: Session, form: Form | None) -> Sheet:
    """What a link that was mailed leads to, whatever the form gives now: a mail that promised something keeps it."""
    own = session.get(OwnFile, form.own_file_id) if form and form.gives is Gives.OWN and form.own_file_id else None
    return Sheet(own.name.removesuffix(".pdf"), own.name, own.digest, own.size, own.id) if own else ours()


def ours() -> Sheet:
    """Our own handout."""
    pdf = handout.ours(settings())
    return Sheet(pdf.title, pdf.file_name, pdf.digest, len(pdf.data))


def read(session: Session, sheet: Sheet) -> bytes:
    """Its bytes, fetched once by a process: a telephone's viewer asks for a file piece by piece."""
    if sheet.own_file_id is None:
        return handout.ours(settings()).data
    if data := _kept.get(sheet.digest):
        return data
    data = session.scalars(select(OwnFile.data).where(OwnFile.id == sheet.own_file_id)).one()
    for oldest in list(_kept)[: max(0, len(_kept) + 1 - MOST_KEPT)]:
        _kept.pop(oldest, None)
    _kept[sheet.digest] = data
    return data


def keep(session: Session, name: str, data: bytes, now: datetime) -> OwnFile:
    """Keeps a PDF of the owner's. Raises pdf_file.PdfError for one that is not to be given to readers."""
    looked = pdf_file.look(data)
    digest = blake2b(data, digest_size=12).hexdigest()
    made = OwnFile(
        name=file_name(name), digest=digest, size=len(data), pages=looked.pages, data=data, made_at=now
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def give(session: Session, form: Form, gives: Gives, own_file_id: int | None = None) -> None:
    """The form gives this from now on. Links that were mailed lead to it too."""
    form.gives = gives
    form.own_file_id = own_file_id if gives is Gives.OWN else None
    session.flush()


def file_name(typed: str) -> str:
    """The name under which readers get a file: one that every system takes."""
    stem = typed.replace("\\", "/").rpartition("/")[2].strip()
    stem = stem[:-4] if stem.lower().endswith(".pdf") else stem
    kept = "".join(sign for sign in stem if sign.isprintable() and sign not in '"*:<>?|;').strip(". ")
    return f"{kept[:LONGEST_NAME] or 'handout'}.pdf"
