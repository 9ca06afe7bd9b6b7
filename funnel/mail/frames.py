"""Frames: how pieces of bytes stand in a file so that a damaged one is noticed, and told from one that was torn off.

A frame is the body's length, the length's complement, the CRC-32 of the body, and the body. Without the complement a
damaged length could pass for a body whose end was never written.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO
from zlib import crc32

LONGEST = 0xFFFF

_PREFIX = struct.Struct("<HHI")


def framed(body: bytes) -> bytes:
    return _PREFIX.pack(len(body), len(body) ^ LONGEST, crc32(body)) + body


def bodies(file: BinaryIO) -> Iterator[bytes | None]:
    """The body of each frame from here on; None for a damaged one. One torn off at the end is left out."""
    while len(prefix := file.read(_PREFIX.size)) == _PREFIX.size:
        length, complement, checksum = _PREFIX.unpack(prefix)
        if length ^ complement != LONGEST:
            yield None
            return  # nobody knows where the next one begins
        body = file.read(length)
        if len(body) < length:
            return
        yield body if crc32(body) == checksum else None
