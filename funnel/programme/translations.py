"""Translations: a mail of a course or an issue in another language, written beside the original.

Whoever reads a language in which none is in use gets the original, wholly: no mail is half in one, half in another.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel import languages
from funnel.languages import ENGLISH, Language
from funnel.models.content import Newsletter, Part, Step
from funnel.models.editing import Kind
from funnel.models.translations import Translation
from funnel.programme import drafts, file_copies, outgoing, revisions, wording
from funnel.programme.content_fields import STEP
from funnel.programme.wording import BODY, Fault

FIELDS = ("subject", "preheader", "body")
Original: TypeAlias = Step | Newsletter
Wanted: TypeAlias = tuple[int, str | None]  # a step or newsletter, and the language of some of its readers


@dataclass(frozen=True)
class Line:
    """A language in the list of an original's: its translation, None while none was begun."""

    language: Language
    translation: Translation | None
    written: bool
    stale: bool  # the original says something else than when it was translated
    draft: bool  # this owner has one


def of_steps(session: Session, wanted: Collection[Wanted]) -> dict[Wanted, Translation]:
    """Those in use, of these steps in these languages. No question to the database where all read English."""
    return _in_use(session, {wish: wish for wish in wanted if _is_foreign(wish[1])}, "step_id")


def of_newsletters(
    session: Session, wanted: Collection[Wanted], rows: Iterable[Newsletter]
) -> dict[Wanted, Translation]:
    """The same of newsletters; a wording of an issue says what its issue does."""
    issues = {row.id: issue_of(row) for row in rows}
    foreign = [wish for wish in wanted if wish[0] in issues and _is_foreign(wish[1])]
    return _in_use(session, {(number, code): (issues[number], code) for number, code in foreign}, "newsletter_id")


def told_in(session: Session, issue: Newsletter) -> list[Language]:
    """The languages besides its own in which an issue is told."""
    codes = select(Translation.language).where(Translation.newsletter_id == issue.id, Translation.in_use)
    return [languages.named(code) for code in session.scalars(codes.order_by(Translation.language))]


def public(session: Session, issue: Newsletter, language: str) -> Translation | None:
    """What everybody may read of an issue in a language: its own words, else those of its resend once that has left.

    The mails of a resend lead to the page of its issue.
    """
    again = select(Newsletter.id).where(
        Newsletter.parent_id == issue.id, Newsletter.part == Part.RESEND, Newsletter.started_at.is_not(None)
    )
    numbers = or_(Translation.newsletter_id == issue.id, Translation.newsletter_id.in_(again))
    rows = select(Translation).where(numbers, Translation.language == language, Translation.in_use)
    return session.scalar(rows.order_by(Translation.newsletter_id).limit(1))


def in_use(session: Session, issue_id: int) -> dict[str, Translation]:
    """What an issue says in each language."""
    rows = select(Translation).where(Translation.newsletter_id == issue_id, Translation.in_use)
    return {row.language: row for row in session.scalars(rows.order_by(Translation.language))}


def issue_of(row: Newsletter) -> int:
    """The number of the issue of which this is a wording, or its own."""
    return row.parent_id if row.part in outgoing.WORDINGS and row.parent_id else row.id


def original(session: Session, translation: Translation) -> Original:
    if translation.step_id:
        return session.get_one(Step, translation.step_id)
    return session.get_one(Newsletter, translation.newsletter_id)


def listed(session: Session, of: Original, owner_id: int) -> list[Line]:
    """Every language but the original's, with what there is in it."""
    found = {row.language: row for row in session.scalars(select(Translation).where(_of(of)))}
    latest = revisions.latest(session, kind(of), of.id)
    lines = []
    for language in languages.known()[1:]:
        row = found.get(language.code)
        draft = drafts.of(session, Kind.TRANSLATION, row.id, owner_id) if row else None
        stale = row is not None and bool(row.body) and row.of_revision < latest
        lines.append(Line(language, row, bool(row and row.body), stale, draft is not None))
    return lines


def has_any(session: Session, of: Original) -> bool:
    """Whether one was begun, in use or not."""
    return bool(session.scalar(select(select(Translation.id).where(_of(of)).exists())))


def begin(session: Session, of: Original, language: str, now: datetime) -> int:
    """The number of the translation into that language, made where there is none. Nobody gets it before it is saved."""
    values = {"language": language, "created_at": now, "updated_at": now, "subject": "", "preheader": "", "body": ""}
    whose = {"step_id" if isinstance(of, Step) else "newsletter_id": of.id}
    row = insert(Translation).values(**values, **whose, in_use=False, of_revision=0).on_conflict_do_nothing()
    session.execute(row)
    return session.scalars(select(Translation.id).where(_of(of), Translation.language == language)).one()


def held(session: Session, number: int) -> Translation | None:
    """The translation, locked until the end of the transaction."""
    locked = select(Translation).where(Translation.id == number).with_for_update()
    return session.scalars(locked.execution_options(populate_existing=True)).one_or_none()


def typed(row: Translation) -> dict[str, str]:
    """The words in force, as the editor shows them."""
    return wording.of_row(row, FIELDS)


def cleaned(fields: Mapping[str, str]) -> dict[str, str]:
    """What a browser sent, as `wording.cleaned` does it."""
    return wording.cleaned(fields, FIELDS)


def read(content: Mapping[str, str], language: str) -> tuple[dict[str, Any], list[Fault]]:
    """The columns of what was typed, as far as they are good, and all that is wrong, in the order of the fields."""
    return wording.read(content, {name: STEP[name] for name in FIELDS if name != BODY}, FIELDS, language)


def save(
    session: Session, row: Translation, values: Mapping[str, Any], *, based_on: int, owner_id: int, why: str,
    now: datetime,
) -> bool:  # fmt: skip
    """Says `values` from now on; whether that changed anything. The first words that are saved are in use at once.

    The original is taken to be the one beside it. Raises revisions.Newer, writing nothing, when somebody saved since.
    """
    revisions.refuse_newer(session, Kind.TRANSLATION, row.id, based_on)
    drafts.drop(session, Kind.TRANSLATION, row.id, owner_id)
    fits(session, row)
    if not say(session, row, values, owner_id=owner_id, why=why, now=now):
        return False
    file_copies.part(session, Kind.TRANSLATION, row.id)
    return True


def say(
    session: Session, row: Translation, values: Mapping[str, Any], *, owner_id: int | None, why: str, now: datetime
) -> bool:
    """The same, whoever said what before; whether that changed anything."""
    content = wording.of_values(values, FIELDS)
    if content == typed(row):
        return False
    row.in_use = row.in_use or not row.body
    for name in FIELDS:
        setattr(row, name, values[name])
    row.updated_at = now
    revisions.add(session, Kind.TRANSLATION, row.id, content, owner_id=owner_id, why=why, now=now)
    return True


def fits(session: Session, row: Translation) -> None:
    """It says what the original says now."""
    of = original(session, row)
    row.of_revision = revisions.latest(session, kind(of), of.id)


def use(session: Session, row: Translation, now: datetime) -> bool:
    """Readers of its language get it from the next mail on; whether that is new. What says nothing cannot be used.

    Where it says what its file does, it follows the file again.
    """
    copy = file_copies.of(session, Kind.TRANSLATION, row.id)
    if copy is not None and copy.content == typed(row):
        file_copies.rejoin(session, Kind.TRANSLATION, row.id)
    return _put(row, bool(row.body), now)


def leave_out(session: Session, row: Translation, now: datetime) -> bool:
    """They get the original again; the words stay. Whether that is new."""
    return _put(row, False, now)


def keep_out(session: Session, row: Translation, now: datetime) -> bool:
    """The same, by the owner's word: its file does not bring it back."""
    file_copies.part(session, Kind.TRANSLATION, row.id)
    return leave_out(session, row, now)


def copy(session: Session, from_issue: int, to_issue: int, now: datetime, why: str) -> list[Translation]:
    """Gives an issue the words of another in each language that was in use there. Nobody gets them before `use`."""
    made = []
    in_use = select(Translation).where(Translation.newsletter_id == from_issue, Translation.in_use)
    for row in session.scalars(in_use.order_by(Translation.id)).all():
        values = {name: getattr(row, name) for name in ("language", *FIELDS)}
        again = Translation(newsletter_id=to_issue, in_use=False, created_at=now, updated_at=now, **values)
        session.add(again)
        session.flush()
        revisions.add(session, Kind.TRANSLATION, again.id, typed(again), owner_id=None, why=why, now=now)
        made.append(again)
    return made


def kind(of: Original) -> Kind:
    return Kind.STEP if isinstance(of, Step) else Kind.NEWSLETTER


def _in_use(session: Session, named: Mapping[Wanted, Wanted], column: str) -> dict[Wanted, Translation]:
    """Of what each of `named` means, the translation that is in use."""
    if not named:
        return {}
    whose = getattr(Translation, column)
    meant = {number for number, _ in named.values()}
    rows = session.scalars(select(Translation).where(whose.in_(meant), Translation.in_use))
    found = {(getattr(row, column), row.language): row for row in rows}
    return {wish: found[of] for wish, of in named.items() if of in found}


def _is_foreign(language: str | None) -> bool:
    return language not in {None, ENGLISH}


def _of(of: Original) -> Any:
    return (Translation.step_id if isinstance(of, Step) else Translation.newsletter_id) == of.id


def _put(row: Translation, in_use: bool, now: datetime) -> bool:
    changed = row.in_use != in_use
    if changed:
        row.in_use, row.updated_at = in_use, now
    return changed
