"""The pictures of a post: with their size, so that nothing moves when they come, and named by what they hold."""

import re
from pathlib import Path

from funnel.programme.cover import STATIC
from funnel.web import edge

_VIEW = re.compile(rb"<svg\b[^>]*?\bviewBox=[\"'][-\d.]+[ ,]+[-\d.]+[ ,]+([\d.]+)[ ,]+([\d.]+)[\"']")
_PNG = b"\x89PNG\r\n\x1a\n"
_HEAD = 4096  # bytes in which a file says it


def attributes(address: str, *, first: bool) -> dict[str, str]:
    """What the img element of a file of ours says; nothing of any other.

    `first`: it begins the post, and is seen at once. Width and height are left out where we cannot read them.
    """
    path = address.partition("?")[0]
    files = edge.STATIC.resolve()
    file = (files / path.removeprefix(STATIC)).resolve()
    if not path.startswith(STATIC) or not file.is_relative_to(files) or not file.is_file():
        return {}
    told = {"src": f"{path}?v={edge.version(path.removeprefix(STATIC))}", "decoding": "async"}
    if not first:
        told["loading"] = "lazy"
    return told | dict(zip(("width", "height"), _size(file), strict=False))


def _size(file: Path) -> tuple[str, ...]:
    with file.open("rb") as opened:
        head = opened.read(_HEAD)
    if head.startswith(_PNG):
        return str(int.from_bytes(head[16:20], "big")), str(int.from_bytes(head[20:24], "big"))
    found = _VIEW.search(head)
    return tuple(str(round(float(side))) for side in found.groups()) if found else ()
