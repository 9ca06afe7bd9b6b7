"""An edition: one wording of a step or newsletter, with the rows of its links, ready for all readers of a language.

What is the same for everybody is made once. Composing one person's mail then asks no database and no clock, and costs
less than its way through the socket: no value that we sign ourselves is looked at twice.
"""

import functools
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import ParamSpec, TypeAlias, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, joinedload

from funnel import tokens
from funnel.config import Settings, settings
from funnel.languages import ENGLISH
from funnel.mail import headers, links, press, replies, values, verp
from funnel.mail.body import LINK
from funnel.mail.claimed import Claimed
from funnel.mail.encoding import Unsendable, plain, token_text, wire_address
from funnel.mail.links import Owner, Place
from funnel.mail.press import Sheet
from funnel.mail.render import DELETED, Outgoing
from funnel.mail.replies import Outcome
from funnel.mail.run import Run
from funnel.mail.stencil import Stencil
from funnel.models.content import Newsletter, Sequence, Step
from funnel.models.people import Form
from funnel.models.translations import Translation
from funnel.programme import translations
from funnel.programme.history import among
from funnel.programme.merge import BadTags
from funnel.programme.translations import Wanted
from funnel.tokens import Purpose

# What is a mail's own, in the order in which `compose` tells it; the links follow.
OWN = ("date", "to", "message_id", "unsubscribe_link", "preferences_link")
RUNS_KEPT = 24  # as many wordings as are sent at a time; each keeps names, a megabyte of them at the most
OUR_ERROR = "an error of ours kept it from being written: see the log"

Words = TypeVar("Words", Step, Newsletter)
Made = TypeVar("Made")
P = ParamSpec("P")

log = logging.getLogger(__name__)


class Edition:
    """`link_ids`: the rows of the sheet's places. Raises Unsendable for a BASE_URL that cannot stand in a mail."""

    def __init__(self, sheet: Sheet, link_ids: list[int], known: Settings, now: datetime) -> None:
        self._date = headers.date(now)
        self._sender = verp.senders(known)
        self._leave_page = plain(f"{known.base_url}/{values.LEAVE}/")
        self._leave = tokens.signer(Purpose.UNSUBSCRIBE, tokens.spelled)
        self._choose_page = plain(f"{known.base_url}/{values.CHOOSE}/")
        self._choose = tokens.signer(Purpose.PREFERENCES, tokens.spelled)
        self._go_page = plain(f"{known.base_url}/{links.GO}/")
        self._go = [tokens.signer(Purpose.GO, tokens.spelled, link_id) for link_id in link_ids]
        self._fill = _run(sheet.stencil, (*OWN, *(f"{LINK}{place}" for place in range(len(link_ids))))).fill

    def compose(self, claimed: Claimed) -> Outgoing:
        """The mail to one reader. Raises Unsendable, in words for the owner, when it cannot be written."""
        if not claimed.email or claimed.subscriber_id is None:
            raise Unsendable(DELETED)
        recipient = wire_address(claimed.email)
        message = tokens.packed(claimed.id)
        reader = tokens.packed(claimed.subscriber_id) + message
        page = self._go_page
        own = (
            self._date,
            recipient.encode(),
            token_text(claimed.message_id),
            self._leave_page + self._leave(reader),
            self._choose_page + self._choose(reader),
            *[page + go(message) for go in self._go],
        )
        data = self._fill(own, {"first_name": claimed.first_name or ""})
        return Outgoing(self._sender(message), recipient, data)


@functools.lru_cache(maxsize=RUNS_KEPT)
def _run(stencil: Stencil, own: tuple[str, ...]) -> Run:
    return Run(stencil, {"subject_prefix": b""}, own)


Editions: TypeAlias = dict[Wanted, Edition | Outcome]


def of_steps(session: Session, wanted: Collection[Wanted], now: datetime) -> Editions:
    """The editions of these steps, or why there is none. Missing rows of their links are made."""
    if not wanted:
        return {}
    asked_as = joinedload(Step.sequence).joinedload(Sequence.forms).load_only(Form.language, Form.title)
    rows = select(Step).where(among(Step.id, {number for number, _ in wanted})).options(asked_as)
    said = translations.of_steps(session, wanted)
    return _editions(session, "step_id", wanted, session.scalars(rows).unique().all(), said, press.of_step, now)


def of_newsletters(session: Session, wanted: Collection[Wanted], now: datetime) -> Editions:
    """The same of newsletters."""
    if not wanted:
        return {}
    found = session.scalars(select(Newsletter).where(among(Newsletter.id, {number for number, _ in wanted}))).all()
    said = translations.of_newsletters(session, wanted, found)
    return _editions(session, "newsletter_id", wanted, found, said, press.of_newsletter, now)


def attempted(make: Callable[P, Made], *args: P.args, **more: P.kwargs) -> Made | Outcome:
    """What `make` makes, or the outcome of a mail for which it cannot be made."""
    try:
        return make(*args, **more)
    except (Unsendable, BadTags) as why:
        return replies.unsendable(str(why))
    except DBAPIError:
        raise  # the database's trouble, not the mail's
    except Exception:
        log.exception("a mail could not be written")
        return replies.unsendable(OUR_ERROR)


def _editions(
    session: Session,
    owner: Owner,
    wanted: Collection[Wanted],
    rows: Iterable[Words],
    said: Mapping[Wanted, Translation],
    sheet_of: Callable[[Words, str, Translation | None], Sheet],
    now: datetime,
) -> Editions:
    known, found = settings(), {words.id: words for words in rows}
    sheets = {
        one: attempted(sheet_of, found[one[0]], one[1] or ENGLISH, said.get(one)) for one in wanted if one[0] in found
    }
    originals = {number: attempted(sheet_of, found[number], ENGLISH, None) for number, _ in said if number in found}
    places = _places(sheets, originals)
    link_ids = links.of_mails(session, owner, places, now) if places else {}
    rows_of = {
        number: dict(zip([place.url for place in places[number]], ids, strict=True)) for number, ids in link_ids.items()
    }
    return {
        one: sheet if isinstance(sheet, Outcome) else attempted(_edition, sheet, rows_of[one[0]], known, now)
        for one, sheet in sheets.items()
    }


def _edition(sheet: Sheet, rows: Mapping[str, int], known: Settings, now: datetime) -> Edition:
    return Edition(sheet, [rows[place.url] for place in sheet.places], known, now)


def _places(
    sheets: Mapping[Wanted, Sheet | Outcome], originals: Mapping[int, Sheet | Outcome]
) -> dict[int, tuple[Place, ...]]:
    """Where each mail's links lead in all its languages. The same page is one link, with the original's words."""
    found: dict[int, dict[str, Place]] = {}
    for (number, _), sheet in sheets.items():
        if isinstance(sheet, Sheet):
            first = originals.get(number)
            words = {place.url: place for place in first.places} if isinstance(first, Sheet) else {}
            mine = found.setdefault(number, {})
            for place in sheet.places:
                mine.setdefault(place.url, words.get(place.url, place))
    return {number: tuple(mine.values()) for number, mine in found.items()}
