"""How a text is seen while it is typed: as the mail or the page it will be, and what is to be said of it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session as OrmSession

from funnel.mail import press, readiness, sketch
from funnel.mail.press import Course
from funnel.mail.sketch import Sketch
from funnel.models.content import Newsletter
from funnel.programme import check, issue_words, wording
from funnel.programme.check import Check
from funnel.programme.wording import Fault

Content = dict[str, str]  # what is typed, by its field


@dataclass(frozen=True)
class Look:
    """Of one kind of text. The number given along is that of the text; 0 of one that is not kept yet.

    `sketch`: of what is mailed; it is shown as a mail, as anybody, and can be tried out. `page`: of what is read on the
    site, the whole page as HTML; both raise BadTags, and a sketch when it is rendered Unsendable too. `checks` is None
    where nothing is to be said; `links` are the addresses outside this site.
    """

    what: str  # is seen: a mail, a page
    aim: str  # of “Ready …?”
    done: str  # to it then
    cleaned: Callable[[Mapping[str, str]], Content]
    sketch: Callable[[OrmSession, Content, int], Sketch] | None = None
    page: Callable[[OrmSession, Content, int], str] | None = None
    checks: Callable[[OrmSession, Content, int, datetime], list[Check]] | None = None
    links: Callable[[OrmSession, Content, int], Collection[str]] = lambda *_: ()

    def stops(self, session: OrmSession, content: Content, number: int, now: datetime) -> list[Fault]:
        """What of its checks keeps it from being saved."""
        found = self.checks(session, content, number, now) if self.checks else []
        return [Fault(one.field, one.line or 0, one.words) for one in check.stops(found)]


def mailed(
    kind: str,
    cleaned: Callable[[Mapping[str, str]], Content],
    course: Callable[[OrmSession, int], Course] = lambda *_: sketch.NEW_COURSE,
    page: Callable[[OrmSession, int], str] = lambda *_: "",
) -> Look:
    """How a mail to many is seen; `kind` is one of sketch.KINDS, `course` that of a step, `page` an issue's."""
    return _seen(
        cleaned,
        lambda session, content, number: sketch.typed(kind, content, course(session, number), page(session, number)),
    )


def _seen(cleaned: Callable[[Mapping[str, str]], Content], drawn: Callable[[OrmSession, Content, int], Sketch]) -> Look:
    return Look(
        what="mail",
        aim="to send",
        done="sent",
        cleaned=cleaned,
        sketch=drawn,
        checks=lambda session, content, number, now: readiness.checks(session, drawn(session, content, number), now),
        links=lambda session, content, number: readiness.to_look_at(drawn(session, content, number)),
    )


def _web_page(session: OrmSession, number: int) -> str:
    issue = session.get(Newsletter, number)
    return press.web_page(issue) if issue else ""


NEWSLETTER = mailed(sketch.NEWSLETTER, issue_words.cleaned, page=_web_page)
NOTICE = _seen(
    lambda fields: wording.cleaned(fields, ("about", "subject", "preheader", "body")),
    lambda _session, content, _number: sketch.typed_notice(content),
)
