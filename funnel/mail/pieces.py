"""A text cut at its merge tags: what the pipeline hands from room to room until the stencil is cut."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from funnel.programme.merge import Tag, value

Pieces: TypeAlias = tuple[str | Tag, ...]


def joined(*runs: Pieces) -> Pieces:
    """All of `runs` as one, neighbouring text made whole."""
    whole: list[str | Tag] = []
    for piece in (piece for run in runs for piece in run):
        if isinstance(piece, str) and whole and isinstance(whole[-1], str):
            whole[-1] += piece
        elif piece != "":
            whole.append(piece)
    return tuple(whole)


def bound(pieces: Pieces, values: Mapping[str, str], escape: Callable[[str], str] = str) -> Pieces:
    """`pieces` with the tags that `values` knows put in for good, through `escape`. The others stay."""
    return joined(
        tuple(
            escape(value(piece, values)) if isinstance(piece, Tag) and piece.name in values else piece
            for piece in pieces
        )
    )


def filled(pieces: Pieces, values: Mapping[str, str]) -> str:
    """The text with every tag's value in it. Raises KeyError for a tag with neither value nor default."""
    return "".join(piece if isinstance(piece, str) else value(piece, values) for piece in pieces)
