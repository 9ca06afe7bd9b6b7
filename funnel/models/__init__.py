"""The nouns. Importing any of them brings in all, since their foreign keys name each other's tables."""

from funnel.models import (
    bulk,
    content,
    door,
    editing,
    handouts,
    house,
    imports,
    letters,
    mail,
    people,
    responses,
    rhythms,
    segments,
    sending,
    tags,
    tallies,
)

__all__ = [
    "bulk",
    "content",
    "door",
    "editing",
    "handouts",
    "house",
    "imports",
    "letters",
    "mail",
    "people",
    "responses",
    "rhythms",
    "segments",
    "sending",
    "tags",
    "tallies",
]
