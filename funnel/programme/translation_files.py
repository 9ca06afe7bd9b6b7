"""Translations that lie beside the file of a mail, as in 03-stretches.it.md. What was edited on a page stays."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.models.content import Step
from funnel.models.editing import Kind
from funnel.models.translations import Translation
from funnel.programme import file_copies, saying, translations, wording
from funnel.programme.content_folder import Sheet


def load(session: Session, step: Step, sheets: Sequence[Sheet], now: datetime, tally: Counter[str]) -> None:
    """Says what the files say of `step`. One whose file is gone is left out, unless edited here.

    It is in use at once where the step says what its own file does. Beside words of the owner's it waits for them: it
    would tell its readers something else.
    """
    there = {row.language: row for row in session.scalars(select(Translation).where(Translation.step_id == step.id))}
    for sheet in sheets:
        row = there.pop(sheet.values["language"], None)
        _say(session, step, row, sheet, now, tally)
    followed = file_copies.followers(session, Kind.TRANSLATION) if there else {}
    for row in there.values():
        if followed.get(row.id):
            tally["retired"] += translations.leave_out(session, row, now)
        elif row.id in followed:
            file_copies.forget(session, Kind.TRANSLATION, row.id)
    session.flush()


def _say(
    session: Session, step: Step, known: Translation | None, sheet: Sheet, now: datetime, tally: Counter[str]
) -> None:
    number = known.id if known else translations.begin(session, step, sheet.values["language"], now)
    row = session.get_one(Translation, number)
    values = {"subject": sheet.values["subject"], "preheader": sheet.values["preheader"], "body": sheet.body}
    content = wording.of_values(values, translations.FIELDS)
    was_new = known is None
    copy = file_copies.of(session, Kind.TRANSLATION, number)
    new_on_file = copy is None or copy.content != content
    copy = file_copies.heard(session, Kind.TRANSLATION, number, content, now, is_new=was_new)
    if not copy.followed:
        tally["kept"] += 1
        return
    said = translations.say(session, row, values, owner_id=None, why=saying.FROM_FILE, now=now)
    back = False
    if _says_its_file(session, step):
        back = translations.use(session, row, now)  # its file was gone for a time, or other words stood beside it
        if said or new_on_file or not row.of_revision:
            translations.fits(session, row)
    elif was_new:
        translations.leave_out(session, row, now)
    tally["added" if was_new else "changed"] += was_new or said or back


def _says_its_file(session: Session, step: Step) -> bool:
    """Whatever else was changed here, such as its day."""
    copy = file_copies.of(session, Kind.STEP, step.id)
    return copy is not None and wording.said(copy.content) == wording.said(wording.typed(step))
