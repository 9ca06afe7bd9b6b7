"""Our style sheets, scripts and drawings, packed for the way: once a process, for browsers that unpack them.

Where no proxy does it, a telephone waits for them. Pages are left to the proxy: in one that holds a secret beside what
a stranger can choose, the length of what was packed would tell of it.
"""

import functools
import gzip

from flask import Response, request

KINDS = {"text/css", "text/javascript", "image/svg+xml"}
WORTH = 600  # bytes; what is shorter goes in one packet with its headers anyhow
MOST_KEPT = 64


def pack(response: Response) -> Response:
    """The same answer, packed where that is asked for and worth it."""
    if response.mimetype not in KINDS:
        return response
    response.vary.add("Accept-Encoding")
    is_whole = response.status_code == 200 and "Content-Encoding" not in response.headers
    if not is_whole or not request.accept_encodings.quality("gzip"):
        return response
    response.direct_passthrough = False
    data = response.get_data()
    if len(data) < WORTH:
        return response
    response.set_data(_packed(data))
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Accept-Ranges", None)
    tag, _ = response.get_etag()
    if tag:
        response.set_etag(tag, weak=True)  # the same words in other bytes (RFC 9110, 8.8.3.3)
    return response


@functools.lru_cache(maxsize=MOST_KEPT)
def _packed(data: bytes) -> bytes:
    return gzip.compress(data, 9, mtime=0)
