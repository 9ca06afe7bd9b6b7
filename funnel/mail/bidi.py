"""Names that run from right to left, in a sentence that does not, and the other way round.

An isolate (Unicode UAX #9, §2.4) keeps the words around a name in their order. As a sign it serves the subject, the
text part and the HTML alike, also where a mail program knows no <bdi>; who has no need of it gets no sign.
"""

import unicodedata

ISOLATE, ITS_END = "\u2068", "\u2069"  # first strong isolate: the name says itself which way it runs
_TURNS = {"R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI", "PDF", "PDI"}


def isolated(name: str) -> str:
    """`name` for the middle of a sentence; as it is where nothing in it could turn its neighbours round."""
    if name.isascii() or not any(unicodedata.bidirectional(sign) in _TURNS for sign in name):
        return name
    return f"{ISOLATE}{name}{ITS_END}"
