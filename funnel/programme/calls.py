"""What a mail asks of its reader, and where it leads: the links and pictures of its Markdown, with their lines."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from funnel.programme.check import Check, State
from funnel.programme.prose import A_TAGS_ADDRESS, ANY_TAG, line_of

INTEREST = "interest"  # the title of a link that chooses among several: they are one call together
QUIET_TAGS = ("booked_link", "unsubscribe_link", "preferences_link")  # ways out, not what the mail is for

_CARRIED = re.compile(re.escape(A_TAGS_ADDRESS) + r"(\d+)")
_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_YOUR_TURN = re.compile(
    r"your turn|over to you|try it|now you\b|tocca a|jetzt sind sie|sie sind dran|à vous\b|ahora usted|le toca",
    re.IGNORECASE,
)
_LEFT_OVER = re.compile(r"\]\(|\[[^\]\n]+\]\[|\*\*|(?<!\w)__|^#{1,6}\S|</?[a-z][^>]*>", re.MULTILINE)


@dataclass(frozen=True)
class Link:
    """`address` as written, a tag's included; `alone`: it is a paragraph by itself, and so a button."""

    address: str
    words: str
    line: int
    alone: bool
    choice: bool

    @property
    def quiet(self) -> bool:
        return any(tag in self.address for tag in QUIET_TAGS)


def links(markdown: str) -> list[Link]:
    """Its links in order."""
    tags = ANY_TAG.findall(markdown)
    found = []
    for before, block in itertools.pairwise(_blocks(markdown)):
        children = block.children or []
        for at, token in enumerate(children):
            if token.type == "link_open":
                address = _written(str(token.attrs["href"]), tags)
                paragraph = before.type == "paragraph_open" and not before.hidden
                alone = paragraph and at == 0 and _closes(children, at) == len(children) - 1
                words = "".join(part.content for part in children[at + 1 : _closes(children, at)])
                choice = token.attrs.get("title") == INTEREST
                line = 1 + line_of(markdown, block, address)
                found.append(Link(address, _written(words, tags), line, alone, choice))
    return found


def checks(markdown: str) -> list[Check]:
    """Links over plain http, pictures, Markdown that did not come out as meant, and the one thing asked for."""
    found = [*_insecure(markdown), *_pictures(markdown), *_left_over(markdown)]
    return [*found, _main_call(markdown)]


def _insecure(markdown: str) -> Iterator[Check]:
    for link in links(markdown):
        if link.address.startswith("http://"):
            words = f"The link “{link.words}” is not encrypted. Begin its address with https://."
            yield Check("Links", State.WARN, words, line=link.line)


def _pictures(markdown: str) -> Iterator[Check]:
    for block in _blocks(markdown):
        for token in block.children or ():
            if token.type != "image":
                continue
            line = 1 + line_of(markdown, block, str(token.attrs["src"]))
            if not token.content.strip():
                words = "A picture has no words for those who cannot see it. Write them as ![what it shows](address)."
                yield Check("Pictures", State.STOP, words, line=line)
            words = f"The picture “{token.content}” is left out: mails show none. Link to it, or say it in words."
            yield Check("Pictures", State.WARN, words, line=line)


def _left_over(markdown: str) -> Iterator[Check]:
    """Signs of Markdown that stand in the text as they were typed: a bracket or star was not closed."""
    for block in _blocks(markdown):
        for token in block.children or ():
            if token.type == "text" and (sign := _LEFT_OVER.search(token.content)):
                line = 1 + line_of(markdown, block, sign[0])
                words = f"“{sign[0]}” stands in the mail as typed. Is something not closed, or a space too much?"
                yield Check("Markdown", State.WARN, words, line=line)


def _main_call(markdown: str) -> Check:
    """A mail asks for one thing: a button, one choice among links, or something to do under “Your turn”."""
    found = links(markdown)
    buttons = {link.address: link for link in found if link.alone and not link.quiet and not link.choice}
    if len(buttons) > 1:
        named = ", ".join(f"“{link.words}”" for link in buttons.values())
        words = f"It asks for {len(buttons)} things: {named}. One is done more often than two."
        return Check("One thing to do", State.WARN, words, line=list(buttons.values())[1].line)
    if buttons:
        link = next(iter(buttons.values()))
        return Check("One thing to do", State.GOOD, f"The button “{link.words}”.", line=link.line)
    if choice := next((link for link in found if link.choice), None):
        return Check("One thing to do", State.GOOD, "One choice among several links.", line=choice.line)
    turn = next((number for number, line in enumerate(markdown.split("\n"), 1) if _is_turn(line)), None)
    if turn:
        return Check("One thing to do", State.GOOD, "It asks for something to do, without a button.", line=turn)
    words = "It asks for nothing. Give it a button, a link alone on its line, or a heading “Your turn”."
    return Check("One thing to do", State.WARN, words)


def _is_turn(line: str) -> bool:
    return line.startswith("#") and bool(_YOUR_TURN.search(line))


def _closes(children: list[Token], at: int) -> int:
    return next(place for place in range(at, len(children)) if children[place].type == "link_close")


def _blocks(markdown: str) -> list[Token]:
    """Its tokens, each tag carried as an address of its own: a tag holds spaces, which no address in Markdown may."""
    number = itertools.count()
    return _MARKDOWN.parse(ANY_TAG.sub(lambda _: f"{A_TAGS_ADDRESS}{next(number)}", markdown))


def _written(text: str, tags: list[str]) -> str:
    """`text` with its tags as they were typed."""
    return _CARRIED.sub(lambda number: tags[int(number[1])], text)
