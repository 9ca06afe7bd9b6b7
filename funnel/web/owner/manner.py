"""How one kind of text is edited: all that the editor, its drafts and revisions must know of it, and nothing twice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import abort
from sqlalchemy.orm import Session as OrmSession

from funnel.models.editing import Kind
from funnel.programme.wording import Fault
from funnel.web.owner.look import Content, Look

Row = Any  # a row of the manner's model
Values = dict[str, Any]  # of the row's columns


@dataclass(frozen=True)
class Asked:
    """What else was typed, and must be asked about on a page of its own."""

    about: str
    address: str


@dataclass(frozen=True)
class Manner:
    """One kind of text.

    `typed` gives the words in force as they would be typed, `read` the columns of what was typed and all that is wrong
    with it; `save` says them and tells whether that changed anything, raising revisions.Newer. `apart` names fields
    that are typed beside the words and belong to no wording; `asks` is about those that differ now.
    """

    noun: str  # in addresses
    one: str  # what one of them is called
    kind: Kind
    model: type[Any]
    labels: Mapping[str, str]  # of every field of the editor, in their order
    sides: tuple[str, str, str]  # the fields that show two wordings side by side: a title, a line, the text
    now: str  # the words in force: “theirs are …”
    whose: str  # “… it from now on”, of words in force
    save_words: str  # on the button, while its words are in force
    look: Look
    title: Callable[[Row], str]
    page: Callable[[int], str]  # the address where it stands
    in_force: Callable[[Row], bool]  # whether what is saved reaches anybody at once
    held: Callable[[OrmSession, int], Row | None]  # locked
    typed: Callable[[OrmSession, Row], Content]
    read: Callable[[OrmSession, Row, Content, datetime], tuple[Values, list[Fault]]]
    save: Callable[..., bool]
    choices: Callable[[OrmSession, Row, Content], dict[str, Any]]  # what else its fields are drawn with
    apart: tuple[str, ...] = ()
    asks: Callable[[Row, Content], Asked | None] = lambda *_: None
    follows: Callable[[Row, Content], bool] = lambda *_: True  # whether it is all that its file says, words aside
    stands: Callable[[Row], bool] = lambda _: True  # whether a row of the model is one of them
    first: Callable[[], None] = lambda: None  # before it is saved: what a button beside its fields asks for as well
    under: Callable[[Row], str] | None = None  # the noun whose tab it stands under, where that is not its own
    trial: Callable[[int], dict[str, Any]] | None = None  # of what is mailed: the columns of a test of what is saved

    def said(self, content: Mapping[str, str]) -> Content:
        """Of what was typed, what a revision holds."""
        return {name: text for name, text in content.items() if name not in self.apart}

    def beside(self, session: OrmSession, row: Row) -> Content:
        """What stands in the editor beside a wording, as it is now."""
        return {name: text for name, text in self.typed(session, row).items() if name in self.apart}

    def found(self, session: OrmSession, number: int) -> Row:
        """The text; not found when there is none."""
        return self._one(session.get(self.model, number))

    def locked(self, session: OrmSession, number: int) -> Row:
        """The same, locked."""
        return self._one(self.held(session, number))

    def _one(self, row: Row | None) -> Row:
        return row if row is not None and self.stands(row) else abort(HTTPStatus.NOT_FOUND)
