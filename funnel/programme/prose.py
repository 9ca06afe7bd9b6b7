"""The Markdown of a mail or post, checked whole: its tags, its words and the addresses of its links and pictures."""

import re
from collections.abc import Collection, Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from funnel.config import settings
from funnel.languages import ENGLISH
from funnel.programme import mail_files, merge, words
from funnel.programme.merge import Problem, Tag

FORM_PLACE = "{{ form }}"  # alone on its line in a post: where the form stands
POST_TAGS = ("practitioner_name", "practice_name", "emergency_number", "booking_link")
STEP_TAGS = (
    "first_name",
    "practitioner_name",
    "practice_name",
    "practice_address",
    "emergency_number",
    "site",
    "booking_link",
    "booked_link",
    "handout_link",
    "unsubscribe_link",
    "preferences_link",
)

NOT_ALONE = f"The form needs a line of its own, with nothing on it but {FORM_PLACE}, written just so."
_FORM = re.compile(r"\{\{\s*form\s*\}\}")
ANY_TAG = re.compile(r"\{\{[^{}\n]*\}\}")
A_TAGS_ADDRESS = "https://tag.invalid/"  # a tag holds spaces, which an address in Markdown may not
REACHABLE = re.compile(r"https?://|mailto:|tel:|/(?!/)|#")
SEEN_FROM_A_MAIL = re.compile(r"https?://|/(?!/)")

_MARKDOWN = MarkdownIt("commonmark")


def check(text: str, tags: Collection[str], first_line: int = 1, language: str = ENGLISH) -> list[Problem]:
    """Everything in `text` that is refused, by line. `tags` are the merge tags that are filled in at this place."""
    problems = merge.check(text, first_line, place(tags, language))
    problems = problems or list(misplaced(text, tags, first_line, language))
    found = [*problems, *words.check(text, first_line, language), *lost(text, first_line)]
    return sorted(found, key=lambda one: one.line)


def check_post(text: str, first_line: int = 1, language: str = ENGLISH) -> list[Problem]:
    """The same of a post, which has one place for its form, and whose pictures must come from this site."""
    lines = text.split("\n")
    places = [at for at, line in enumerate(lines) if line.strip() == FORM_PLACE]
    without = "\n".join("" if at in places else line for at, line in enumerate(lines))
    inside = [at for at, line in enumerate(lines) if at not in places and _FORM.search(line)]
    without = "\n".join("" if at in inside else line for at, line in enumerate(without.split("\n")))
    problems = check(without, POST_TAGS, first_line, language) + list(_foreign(without, first_line))
    problems += [Problem(first_line + at, NOT_ALONE) for at in inside]
    if len(places) != 1 and not inside:
        told = f"A post has one line of {FORM_PLACE}; this has {len(places)}."
        problems.append(Problem(first_line + (places[1] if places else 0), told))
    return sorted(problems, key=lambda found: found.line)


def _foreign(text: str, first_line: int) -> Iterator[Problem]:
    """Pictures that a reader's browser will not load: the page asks no other site for anything."""
    for block in _MARKDOWN.parse(ANY_TAG.sub(A_TAGS_ADDRESS, text)):
        for token in block.children or ():
            address = str(token.attrs.get("src") or "")
            if SEEN_FROM_A_MAIL.match(address) and not address.startswith(("/", f"{settings().base_url}/")):
                yield Problem(
                    first_line + line_of(text, block, address),
                    f"The picture “{address}” is another site’s, which would learn of each reader, so it is not shown. "
                    "Use one of this site: its address begins with /static/.",
                )


def misplaced(text: str, tags: Collection[str], line: int = 1, language: str = ENGLISH) -> Iterator[Problem]:
    """Tags that have no value here. Raises merge.BadTags where `merge.check` finds something."""
    for piece in merge.pieces(text):
        if isinstance(piece, Tag):
            if piece.name not in tags:
                yield Problem(line, f"“{piece.name}” has no value here. {place(tags, language).known(piece.name)}")
            elif piece.name == "first_name" and not piece.default:
                yield Problem(line, f"first_name is empty for some people. Write it as {example(language)}.")
        else:
            line += piece.count("\n")


def place(tags: Collection[str], language: str = ENGLISH) -> merge.Place:
    """Where these tags are filled in, in a text of that language."""
    return merge.Place(tags, example(language))


def example(language: str) -> str:
    """The tag of the first name as it is best written in that language."""
    return merge.EXAMPLE.replace("there", mail_files.line(mail_files.NOBODY, language))


def lost(text: str, first_line: int = 1) -> Iterator[Problem]:
    """Addresses that lead nowhere once the text has left this folder."""
    for block in _MARKDOWN.parse(ANY_TAG.sub(A_TAGS_ADDRESS, text)):
        for token in block.children or ():
            address = str(token.attrs.get("src") or token.attrs.get("href") or "")
            if token.type == "image" and not SEEN_FROM_A_MAIL.match(address):
                yield Problem(
                    first_line + line_of(text, block, address),
                    f"The picture “{address}” is not found from a mail. Begin its address with / or https://.",
                )
            elif token.type == "link_open" and not REACHABLE.match(address):
                yield Problem(
                    first_line + line_of(text, block, address),
                    f"The link to “{address}” leads nowhere. Begin it with /, https:// or mailto:.",
                )


def line_of(text: str, block: Token, address: str) -> int:
    """On which line of `text`, from 0, the address stands that was met in `block`."""
    start, end = block.map or (0, 1)
    lines = text.split("\n")[start:end]
    return start + next((place for place, line in enumerate(lines) if address and address in line), 0)
