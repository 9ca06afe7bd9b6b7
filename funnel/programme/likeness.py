"""Whether a translation holds what its original does: as many links, the same tags. Told, and left to the author."""

from collections import Counter
from collections.abc import Iterator

from funnel.programme import calls, merge
from funnel.programme.check import Check, State
from funnel.programme.merge import Tag

NAME = "Like the original"


def checks(original: str, translated: str) -> list[Check]:
    """What the two bodies do not share; one good line when they share it all."""
    found = [*_links(original, translated), *_tags(original, translated)]
    return found or [Check(NAME, State.GOOD, "It has as many links and the same tags.")]


def _links(original: str, translated: str) -> Iterator[Check]:
    theirs, ours = calls.links(original), calls.links(translated)
    if len(theirs) == len(ours):
        return
    more, fewer, what = (ours, theirs, "Not in it") if len(ours) > len(theirs) else (theirs, ours, "Not here")
    only = Counter(link.address for link in more) - Counter(link.address for link in fewer)
    words = f"The original has {_counted(len(theirs), 'link')}, this has {len(ours)}. {what}: {', '.join(only)}."
    yield Check(NAME, State.WARN, words)


def _tags(original: str, translated: str) -> Iterator[Check]:
    if merge.check(original) or merge.check(translated):
        return
    theirs, ours = _named(original), _named(translated)
    if missing := theirs - ours:
        yield Check(NAME, State.WARN, f"The original fills in more: {_listed(missing)}.")
    if added := ours - theirs:
        yield Check(NAME, State.WARN, f"The original does not fill in: {_listed(added)}.")


def _named(text: str) -> Counter[str]:
    return Counter(piece.name for piece in merge.pieces(text) if isinstance(piece, Tag))


def _listed(names: Counter[str]) -> str:
    return ", ".join(f"{name} ({count} times)" if count > 1 else name for name, count in names.items())


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
