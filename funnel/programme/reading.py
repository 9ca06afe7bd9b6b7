"""How hard a text is to read: the Flesch–Kincaid grade, on the sentences a reader meets in it.

Grade = 0.39 × words per sentence + 11.8 × syllables per word − 15.59 (Kincaid, Fishburne, Rogers and Chissom, 1975, US
Navy, Research Branch Report 8-75). It is the year of an American school; children are about five years older.
Syllables are counted by their vowels, with the usual exceptions of English: right for nine of ten.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from markdown_it import MarkdownIt
from markdown_it.token import Token

from funnel.programme.merge import shown
from funnel.programme.prose import ANY_TAG

AGE_IN_FIRST_GRADE = 6
FEWEST_WORDS = 8  # of a sentence that is named as hard: in a short one a single long word weighs too much

_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_WORD = re.compile(r"[A-Za-zÀ-ž0-9]+(?:['’-][A-Za-zÀ-ž0-9]+)*")
_ENDS = re.compile(r"(?<=[.!?:;…])[\s”’\")]+(?=[\S])")
_VOWELS = re.compile(r"[aeiouyà-æè-ïò-öù-ý]+")
_SILENT = re.compile(r"(?:[^aeiouyl]e|[aeiouy]le|[^aeiouytd]ed|[^aeiouycszxgh]es)$")  # time, whole, eased, times
_TWO = re.compile(  # two vowels that are sounded apart
    r"(?<![ctsg])i(?:a|ous?|u)|(?<!p)eo(?!u)|ea(?=s?$|tion|ting|te)|creat(?!u)|scien|iet|[^qg]ua|being|ying|doing|going"
)


@dataclass(frozen=True)
class Sentence:
    """`line`: of the text, from 1."""

    line: int
    text: str

    @property
    def words(self) -> list[str]:
        return _WORD.findall(self.text)


def sentences(markdown: str) -> list[Sentence]:
    """The sentences of its paragraphs and lists, each on the line its block begins with; headings are none."""
    return [
        Sentence(line, part.strip())
        for line, text in _blocks(markdown)
        for part in _ENDS.split(text)
        if _WORD.search(part)
    ]


def words(markdown: str) -> int:
    """How many words a reader meets, headings too; a link's address is not read."""
    tokens = _MARKDOWN.parse(_readable(markdown))
    return sum(len(_WORD.findall(_said(token))) for token in tokens if token.type == "inline")


def grade(found: Sequence[Sentence]) -> float | None:
    """The Flesch–Kincaid grade; None without a word."""
    all_words = [word for sentence in found for word in sentence.words]
    if not all_words:
        return None
    return 0.39 * len(all_words) / len(found) + 11.8 * fmean(map(syllables, all_words)) - 15.59


def age(grade: float) -> int:
    """The age at which it is read with ease; six at the least."""
    return max(AGE_IN_FIRST_GRADE, round(grade) + AGE_IN_FIRST_GRADE - 1)


def hardest(found: Sequence[Sentence], above: float, most: int = 3) -> list[Sentence]:
    """The hardest sentences by themselves, the hardest first: those above this grade, at most so many."""
    graded = [(grade([one]) or 0.0, one) for one in found if len(one.words) >= FEWEST_WORDS]
    hard = sorted((pair for pair in graded if pair[0] > above), key=lambda pair: -pair[0])
    return [one for _, one in hard[:most]]


def syllables(word: str) -> int:
    """How many syllables an English word has, by its spelling; a number is read as one."""
    word = re.sub(r"[’']s?$", "", word.lower())
    if "-" in word:
        return sum(syllables(part) for part in word.split("-") if part)
    count = len(_VOWELS.findall(word)) + len(_TWO.findall(word))
    if count > 1 and _SILENT.search(word):
        count -= 1
    return max(count, 1)


def _blocks(markdown: str) -> Iterator[tuple[int, str]]:
    tokens = _MARKDOWN.parse(_readable(markdown))
    for before, token in itertools.pairwise(tokens):
        if token.type == "inline" and before.type != "heading_open":
            yield (token.map or [0])[0] + 1, _said(token)


def _readable(markdown: str) -> str:
    """With each tag's default in its stead, or a plain word: what a reader meets in most mails."""
    return ANY_TAG.sub(lambda tag: shown(tag[0]) or "there", markdown)


def _said(token: Token) -> str:
    kept = {"text": None, "code_inline": None, "softbreak": " ", "hardbreak": " "}
    return "".join(kept[part.type] or part.content for part in token.children or () if part.type in kept)
