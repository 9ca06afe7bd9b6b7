"""How a text reads: its words, and the age at which a reader manages it."""

import re

AGE_AT_SCHOOL_START = 5  # the Flesch-Kincaid formula counts years at school from there
_MARKUP = (
    (re.compile(r"\{\{.*?\}\}"), "Alessandro"),
    (re.compile(r"\{: #[\w-]+\}"), ""),
    (re.compile(r"\[\\\[\d+\\\]\]\([^)]*\)"), ""),  # the mark of a source
    (re.compile(r"!?\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"^\|.*$", re.MULTILINE), ""),
    (re.compile(r"^[>\s]*(?:#+|[-*]|\d+\.)\s+", re.MULTILINE), ""),
    (re.compile(r"[*_`>#]"), ""),
)


def plain(markdown: str) -> str:
    for pattern, instead in _MARKUP:
        markdown = pattern.sub(instead, markdown)
    return markdown


def words(markdown: str) -> list[str]:
    return re.findall(r"[A-Za-z0-9][\w’'-]*", plain(markdown))


def age(markdown: str) -> float:
    """By Flesch and Kincaid (1975): years at school = 0.39 words a sentence + 11.8 syllables a word - 15.59."""
    found = words(markdown)
    sentences = len(re.findall(r"[.?!:](?=[\s”’\"]|$)|(?<=\w)\n\s*\n|(?<=\w)\n(?=\S)", plain(markdown))) or 1
    syllables = sum(map(_syllables, found))
    return 0.39 * len(found) / sentences + 11.8 * syllables / len(found) - 15.59 + AGE_AT_SCHOOL_START


def _syllables(word: str) -> int:
    word = re.sub(r"(?:[^laeiouy]es|ed|[^laeiouy]e)$", "", word.lower())
    return max(1, len(re.findall(r"[aeiouy]{1,2}", word)))
