"""What a form gives to whoever confirms: our own handout, a PDF of the owner's, or nothing."""

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel import languages, tokens
from funnel.config import settings
from funnel.models.handouts import Gives, OwnFile
from funnel.models.people import Form
from funnel.programme import handout, pdf_file
from funnel.tokens import Purpose

LONGEST_NAME = 100
LONGEST_TITLE = 120
MADE_BY = re.compile(
    r"^Microsoft \w+ - |\.(?:docx?|odt|pages|pptx?|rtf|pdf)$", re.IGNORECASE
)  # a program, not a person
NAMELESS = {"", "untitled", "document", "document1", "presentation", "powerpoint presentation"}
MOST_KEPT = 3  # files of the owner's that a process holds, of at most 5 MB

_kept: dict[str, bytes] = {}  # by their digest


@dataclass(frozen=True)
class Sheet:
    """What is known of a PDF without its bytes.

    `own_file_id`: of one of the owner's, of whose `language` we know nothing.
    """

    title: str
    file_name: str
    digest: str
    size: int
    own_file_id: int | None = None
    language: str = ""


def address(form_id: int, subscriber_id: int) -> str:
    """Where the handout is taken, counted for this person. It works for years (law 8), and shows nothing personal."""
    return f"{settings().base_url}/handout/{tokens.sign(Purpose.HANDOUT, form_id, subscriber_id)}"


def offered(session: Session, form: Form) -> Sheet | None:
    """What the form gives now."""
    return None if form.gives is Gives.NONE else given(session, form)


def given(session: Session, form: Form | None) -> Sheet:
    """What a link that was mailed leads to, whatever the form gives now: a mail that promised something keeps it."""
    own = session.get(OwnFile, form.own_file_id) if form and form.gives is Gives.OWN and form.own_file_id else None
    if own is None:
        return ours(form.language if form else languages.ENGLISH)
    return Sheet(own.title or own.name.removesuffix(".pdf"), own.name, own.digest, own.size, own.id)


def ours(language: str) -> Sheet:
    """Our own handout, in that language where it is told in it."""
    pdf = handout.ours(settings(), language)
    return Sheet(pdf.title, pdf.file_name, pdf.digest, len(pdf.data), language=pdf.language)


def read(session: Session, sheet: Sheet) -> bytes:
    """Its bytes, fetched once by a process: a telephone's viewer asks for a file piece by piece."""
    if sheet.own_file_id is None:
        return handout.ours(settings(), sheet.language).data
    if data := _kept.get(sheet.digest):
        return data
    data = session.scalars(select(OwnFile.data).where(OwnFile.id == sheet.own_file_id)).one()
    for oldest in list(_kept)[: max(0, len(_kept) + 1 - MOST_KEPT)]:
        _kept.pop(oldest, None)
    _kept[sheet.digest] = data
    return data


def keep(session: Session, name: str, data: bytes, now: datetime) -> OwnFile:
    """Keeps a PDF of the owner's, called as it says itself.

    Raises pdf_file.PdfError for one that is not to be given to readers.
    """
    looked = pdf_file.look(data)
    digest = blake2b(data, digest_size=12).hexdigest()
    made = OwnFile(
        name=file_name(name),
        title=own_title(looked.title, name),
        digest=digest,
        size=len(data),
        pages=looked.pages,
        data=data,
        made_at=now,
    )
    session.add(made)
    session.flush()
    return made


def give(session: Session, form: Form, gives: Gives, own_file_id: int | None = None) -> None:
    """The form gives this from now on. Links that were mailed lead to it too."""
    form.gives = gives
    form.own_file_id = own_file_id if gives is Gives.OWN else None
    session.flush()


def title_of(own: OwnFile) -> str:
    """What a file of the owner's is called while they call it nothing else."""
    return own_title(pdf_file.look(own.data).title, own.name)


def own_title(said: str, name: str) -> str:
    """What to call a PDF that says `said` of itself: that, unless a program wrote it, else its file's name."""
    title = MADE_BY.sub("", MADE_BY.sub("", one_line(said))).strip()
    return title[:LONGEST_TITLE] if title.casefold() not in NAMELESS else file_name(name).removesuffix(".pdf")


def one_line(typed: str) -> str:
    """A title as it can stand in a line."""
    return "".join(sign for sign in " ".join(typed.split()) if sign.isprintable())


def file_name(typed: str) -> str:
    """The name under which readers get a file: one that every system takes."""
    stem = typed.replace("\\", "/").rpartition("/")[2].strip()
    stem = stem[:-4] if stem.lower().endswith(".pdf") else stem
    kept = "".join(sign for sign in stem if sign.isprintable() and sign not in '"*:<>?|;').strip(". ")
    return f"{kept[:LONGEST_NAME] or 'handout'}.pdf"
