"""Style sheets and scripts go out packed to whoever unpacks them, and pages never."""

import gzip

from funnel.web import edge

PACKED = {"Accept-Encoding": "br, gzip"}


def test_a_file_of_ours_is_packed_for_whoever_can_unpack_it(client):
    for path in ("/static/base.css", "/embed.js", "/static/img/ql.svg", "/light/pages.css"):
        plain, packed = client.get(path), client.get(path, headers=PACKED)
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.data) == plain.data
        assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) * 0.6
        assert "Content-Encoding" not in plain.headers
        assert "Accept-Encoding" in plain.headers["Vary"]
        assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Content-Encoding" not in client.get("/embed.js", headers={"Accept-Encoding": "gzip;q=0"}).headers


def test_who_has_it_packed_is_told_that_it_is_still_so(client):
    packed = client.get("/embed.js", headers=PACKED)
    assert packed.headers["ETag"] == f'W/"{edge.version("embed.js")}"'
    again = client.get("/embed.js", headers=PACKED | {"If-None-Match": packed.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    about = client.head("/static/base.css", headers=PACKED)
    assert (about.headers["Content-Encoding"], about.data) == ("gzip", b"")


def test_pages_a_part_of_a_file_and_what_is_short_go_as_they_are(client):
    assert "Content-Encoding" not in client.get("/privacy", headers=PACKED).headers
    part = client.get("/static/base.css", headers=PACKED | {"Range": "bytes=0-99"})
    assert (part.status_code, len(part.data), part.headers.get("Content-Encoding")) == (206, 100, None)
    assert "Content-Encoding" not in client.get("/colours/8a1c5b.css", headers=PACKED).headers
