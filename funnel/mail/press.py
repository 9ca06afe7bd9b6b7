"""The press: from the words of a step, a newsletter or a notice to its stencil, once a wording and process.

Kept by the words themselves, so that a corrected step is another stencil and an old one is forgotten in time.
"""

import functools
import html
from dataclasses import dataclass, replace
from pathlib import Path

from funnel import languages
from funnel.config import Settings, settings
from funnel.languages import ENGLISH
from funnel.mail import body, dress, headers, layout, links, stencil
from funnel.mail.body import Body
from funnel.mail.encoding import Unsendable
from funnel.mail.links import Place
from funnel.mail.pieces import Pieces, bound, joined
from funnel.mail.stencil import Header, Stencil
from funnel.models.content import Newsletter, Step
from funnel.models.translations import Translation
from funnel.programme import archive, mail_files, merge
from funnel.programme.merge import Tag

STENCILS_KEPT = 128
LONGEST_URL = 2000  # a row of an index in PostgreSQL holds 2,700 bytes
WEB_PAGE = "{{ web_page }}"  # in the line that leads to the web version
WHY = "{{ why }}"  # in the footer of a tip: the line that says what was asked for
SIGNATURE = "\n-- \n"  # RFC 3676 §4.3: mail programs leave out of a reply what stands below it
# Not shown, not read aloud, not reached by the keyboard.
CANARY = ('<a href="', '" style="display:none" aria-hidden="true" tabindex="-1"></a>')


@dataclass(frozen=True)
class Words:
    """What a mail says: Markdown and merge tags, as its author wrote them, and in which language."""

    subject: str
    preheader: str
    body: str
    language: str = ENGLISH


@dataclass(frozen=True)
class Course:
    """Which course a tip is of. `asked_as`: by its language, the title that readers of it signed up under."""

    title: str
    slug: str
    step: str
    asked_as: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Sheet:
    """A mail ready for any number of people. The link at `places[n]` goes into the slot `link:n`."""

    stencil: Stencil
    preheader: Pieces
    places: tuple[Place, ...]


def of_step(step: Step, reader: str = ENGLISH, said: Translation | None = None) -> Sheet:
    """The sheet of `step` as it stands, for readers of a language, in their words where there are some.

    Raises merge.BadTags and Unsendable, as all here do.
    """
    return tip(words_of(said or step), course_of(step), settings(), reader)


def course_of(step: Step) -> Course:
    """The course that a step says it is of. Where forms of a language differ in their titles, none is taken for all."""
    titles: dict[str, set[str]] = {}
    for form in step.sequence.forms:
        titles.setdefault(form.language, set()).add(form.title)
    asked_as = tuple(sorted((language, named.pop()) for language, named in titles.items() if len(named) == 1))
    return Course(step.sequence.title, step.sequence.slug, step.slug, asked_as)


def of_newsletter(issue: Newsletter, reader: str = ENGLISH, said: Translation | None = None) -> Sheet:
    """The same of `issue`."""
    return newsletter(words_of(said or issue), issue.id, settings(), reader, web_page(issue, said))


def words_of(row: Step | Newsletter | Translation) -> Words:
    language = row.language if isinstance(row, Translation) else ENGLISH
    return Words(row.subject, row.preheader, row.body, language)


def web_page(issue: Newsletter, said: Translation | None = None) -> str:
    """Where all may read `issue`, or what is said in its stead; '' when it is kept out of the archive."""
    language = said.language if said else ENGLISH
    return f"{settings().base_url}{archive.path(issue, language)}" if issue.in_archive else ""


@functools.lru_cache(maxsize=STENCILS_KEPT)
def tip(words: Words, course: Course, known: Settings, reader: str = ENGLISH) -> Sheet:
    """The sheet of a step for readers of a language, whatever its words are in. Its last place is the canary."""
    head = headers.of_tip(_subject(words, known), course.title, course.slug, course.step, known)
    said = _watched(_read(words, known), known)
    title = dict(course.asked_as).get(reader, "")
    why = mail_files.line(mail_files.ASKED_AS if title else mail_files.ASKED, reader)
    return _sheet(head, words, said, _footer("tip", known, reader, why=why), house(known) | {"form_title": title})


@functools.lru_cache(maxsize=STENCILS_KEPT)
def newsletter(words: Words, number: int, known: Settings, reader: str = ENGLISH, page: str = "") -> Sheet:
    """The same of issue `number`. `page`: where all may read it, if there is one."""
    head = headers.of_newsletter(_subject(words, known), number, known)
    line = mail_files.line(mail_files.WEB_VERSION, reader).replace(WEB_PAGE, page) if page else ""
    footer = _footer("newsletter", known, reader, f"{line}\n\n")
    return _sheet(head, words, _watched(_read(words, known), known), footer, house(known))


@functools.lru_cache(maxsize=STENCILS_KEPT)
def notice(words: Words, known: Settings) -> Sheet:
    """The sheet of a notice: its links lead straight to where they lead."""
    return _alone(words, known, "notice")


@functools.lru_cache(maxsize=STENCILS_KEPT)
def asking(words: Words, known: Settings) -> Sheet:
    """The same of one that asks somebody to confirm: its footer says that their address is on no list yet."""
    return _alone(words, known, "asking")


@functools.lru_cache(maxsize=STENCILS_KEPT)
def letter(words: Words, known: Settings) -> Sheet:
    """The sheet of a letter to the owner: a notice with a footer that says how to be spared it."""
    return _alone(words, known, "letter")


def house(known: Settings) -> dict[str, str]:
    """The values that are the same in every mail of this practice."""
    return {
        "practitioner_name": known.practitioner_name,
        "practice_name": known.practice_name,
        "practice_address": known.practice_address,
        "emergency_number": known.emergency_number,
        "site": known.base_url,
    }


def _alone(words: Words, known: Settings, footer: str) -> Sheet:
    said = straight(_read(words, known), known)
    head = headers.of_notice(_subject(words, known), known)
    return _sheet(head, words, said, _footer(footer, known, words.language), house(known))


def _read(words: Words, known: Settings) -> Body:
    rehearsal = f"> {mail_files.line(mail_files.REHEARSAL, words.language)}\n\n" if known.rehearsal else ""
    return body.read(rehearsal + words.body, known, words.language)


def _watched(said: Body, known: Settings) -> Body:
    """The same with the canary below it. Its links will be rows."""
    if too_long := next((place.label for place in said.places if len(place.url.encode()) > LONGEST_URL), None):
        raise Unsendable(f"the link “{too_long}” leads to an address of more than {LONGEST_URL} signs")
    hidden: Pieces = (CANARY[0], Tag(f"{body.LINK}{len(said.places)}"), CANARY[1])
    return replace(said, html=joined(said.html, hidden), places=(*said.places, links.canary(known)))


def straight(said: Body, known: Settings) -> Body:
    """The same with its links put in for good, uncounted."""
    targets = {f"{body.LINK}{number}": links.direct(place, known) for number, place in enumerate(said.places)}
    return replace(said, html=bound(said.html, targets, html.escape), text=bound(said.text, targets), places=())


@dataclass(frozen=True)
class _Footer:
    said: Body
    language: str


def _footer(name: str, known: Settings, language: str, above: str = "", why: str = "") -> _Footer:
    text = above + footer_file(name, language).read_text().replace(WHY, why)
    return _Footer(straight(body.read(text, known, language), known), language)


def footer_file(name: str, language: str) -> Path:
    return mail_files.path(f"footers/{name}.md", language)


def _subject(words: Words, known: Settings) -> Pieces:
    return bound(tuple(merge.pieces(words.subject)), house(known))


def _sheet(head: list[Header], words: Words, said: Body, footer: _Footer, values: dict[str, str]) -> Sheet:
    title = layout.escaped(bound(tuple(merge.pieces(words.subject)), values))
    preheader = bound(tuple(merge.pieces(words.preheader)), values)
    spoken = languages.named(words.language)
    page = layout.page(
        {
            "lang": (spoken.tag,),
            "dir": (spoken.direction,),
            "title": title,
            "preheader": layout.escaped(preheader),
            "masthead": (html.escape(values["practice_name"]),),
            "body": said.html if said.has_title else joined((dress.dressed("<h1>"),), title, ("</h1>",), said.html),
            "footer": layout.spoken(footer.said.html, footer.language, words.language),
        }
    )
    text = joined(said.text, (SIGNATURE,), footer.said.text)
    return Sheet(stencil.cut(head, bound(text, values), bound(page, values, html.escape)), preheader, said.places)
