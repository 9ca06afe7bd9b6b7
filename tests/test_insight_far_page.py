"""A page of another site is looked at without being led anywhere else: names, numbers, redirects, time and size."""

import gzip
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dns.resolver
import pytest

from funnel.insight import far_net, far_page
from funnel.insight.far_net import Net
from funnel.insight.far_page import Unreachable

HTML = {"Content-Type": "text/html; charset=utf-8"}


@contextmanager
def site(answer):
    """A server on the loopback; `answer(handler)` writes each answer. Gives its port, and whom it was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.headers["Host"], self.path))
            answer(self)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server.server_port, asked
    server.shutdown()
    thread.join()
    server.server_close()


def says(status=200, body=b"<p>Hello</p>", **headers):
    def answer(handler):
        handler.send_response(status)
        for name, value in {**HTML, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


class Names:
    """A resolver that answers as it is told, one answer after the other; the last one stays."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def __call__(self, name, _seconds):
        self.asked.append(name)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def trial(port, *answers, is_open=lambda _: True):
    return Net(Names(*(answers or (["127.0.0.1"],))), is_open, (port,))


def refused(url, *answers):
    """Why the public web's own rules do not let it be asked."""
    with pytest.raises(Unreachable) as error:
        far_page.fetch(url, Net(Names(*answers)))
    return str(error.value)


def test_a_page_comes_with_its_headers_and_the_site_is_asked_by_its_name():
    with site(says(X_Own="1")) as (port, asked):
        page = far_page.fetch(f"http://blog.example.org:{port}/my post?a=b#c", trial(port))
    assert (page.html, page.header("x-own"), page.was_secure) == (b"<p>Hello</p>", ["1"], False)
    assert asked == [(f"blog.example.org:{port}", "/my%20post?a=b")]
    assert page.origin == f"http://blog.example.org:{port}"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "fd00:ec2::254", "::7f00:1", "5f00::1",
    ],
)  # fmt: skip
def test_no_private_address_is_asked_whatever_name_leads_there(address):
    assert "is in a private network" in refused("https://blog.example.org/", [address])
    assert "is in a private network" in refused("https://blog.example.org/", ["93.184.215.14", address])
    written = f"[{address}]" if ":" in address else address
    assert "is in a private network" in refused(f"http://{written}/")


def test_public_addresses_are_asked():
    for address in ("93.184.215.14", "2606:2800:21f:cb07::1", "64:ff9b::5db8:d70e"):
        assert far_net.PUBLIC.is_open(address)


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0x7f.1", "0x7f000001", "0177.0.0.1", "1.2.3.4.5"])
def test_an_address_in_disguise_is_no_name(host):
    assert "written as a number" in refused(f"http://{host}/", ["93.184.215.14"])


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://example.org/", "file:///etc/passwd", "https://", "https://me:you@example.org/", "gopher://x",
        "https://[::1", "https://example.org:port/", "my page", "a<b>.org", "https://" + "a" * 3000, "http://exa\x00mple.org\ud800",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_page_is_not_asked(url):
    with pytest.raises(Unreachable):
        far_page.fetch(url, Net(Names([])))


def test_only_the_ports_of_the_web_are_asked():
    assert "port 22" in refused("http://example.org:22/", ["93.184.215.14"])


def test_the_address_that_was_looked_at_is_the_one_connected_to():
    """A name that answers otherwise a moment later (rebinding) is never asked a second time for one connection."""
    with site(says()) as (port, asked):
        net = trial(port, ["127.0.0.1"], ["127.0.0.9"])
        far_page.fetch(f"http://blog.example.org:{port}/", net)
    assert (net.addresses.asked, len(asked)) == (["blog.example.org"], 1)


def test_each_step_of_a_redirect_is_looked_at_anew():
    def answer(handler):
        to = {"/": "/2", "/2": f"http://metadata.example.org:{handler.server.server_port}/latest"}.get(handler.path)
        says(302, Location=to)(handler)

    with site(answer) as (port, asked):
        names = {"blog.example.org": ["127.0.0.1"], "metadata.example.org": ["169.254.169.254"]}
        net = Net(lambda name, _: names[name], lambda address: address == "127.0.0.1", (port,))
        with pytest.raises(
            Unreachable, match=r"leads on to metadata\.example\.org:\d+\. metadata.example.org is in a private"
        ):
            far_page.fetch(f"http://blog.example.org:{port}/", net)
    assert [path for _, path in asked] == ["/", "/2"]


def test_a_redirect_to_no_page_or_without_end_is_told():
    with (
        site(says(301, Location="file:///etc/passwd")) as (port, _),
        pytest.raises(Unreachable, match="not the address"),
    ):
        far_page.fetch(f"http://blog.example.org:{port}/", trial(port))
    with site(says(301, Location="/")) as (port, asked), pytest.raises(Unreachable, match="more than 5 times"):
        far_page.fetch(f"http://blog.example.org:{port}/", trial(port))
    assert len(asked) == far_page.MOST_REDIRECTS + 1


def test_what_drips_in_ends_when_the_time_is_over(monkeypatch):
    monkeypatch.setattr(far_page, "SECONDS", 0.3)

    def drip(handler):
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not over.wait(0.02):
                handler.wfile.write(b"X-A: b\r\n")
        except OSError:
            pass

    over = threading.Event()
    with site(drip) as (port, _):
        with pytest.raises(Unreachable, match="did not come within"):
            far_page.fetch(f"http://blog.example.org:{port}/", trial(port))
        over.set()


def test_no_more_is_read_than_fits_unpacked_or_not(monkeypatch):
    monkeypatch.setattr(far_page, "MOST_BYTES", 1000)
    for body, packed in ((b"x" * 5000, "identity"), (gzip.compress(b"x" * 10_000_000), "gzip")):
        with site(says(body=body, Content_Encoding=packed)) as (port, _):
            page = far_page.fetch(f"http://blog.example.org:{port}/", trial(port))
        assert (len(page.html), page.is_cut) == (1000, True)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (says(404), "no page at this address"),
        (says(403), "lets no programs"),
        (says(500), "answered 500"),
        (says(Content_Type="application/pdf"), "no page but application/pdf"),
        (says(Content_Encoding="br"), "packed in a way"),
        (says(body=b"no gzip", Content_Encoding="gzip"), "came broken"),
        (lambda handler: handler.wfile.write(b"nonsense\r\n\r\n"), "cannot be reached"),
    ],
)
def test_what_is_no_page_is_told_in_words(answer, words):
    with site(answer) as (port, _), pytest.raises(Unreachable, match=words):
        far_page.fetch(f"http://blog.example.org:{port}/", trial(port))


@pytest.mark.parametrize("status", [302, 401, 403, 404, 410, 418, 429, 503])
def test_whatever_a_site_answers_the_words_say_what_to_do_next(status):
    with site(says(status)) as (port, _), pytest.raises(Unreachable) as error:
        far_page.fetch(f"http://blog.example.org:{port}/", trial(port))
    assert any(mend in str(error.value) for mend in ("Open it", "Publish it", "from your browser", "Try again"))


def test_a_name_without_an_address_a_closed_port_and_a_false_certificate_are_told_apart():
    assert "There is no site called none.example.org" in refused("none.example.org/", [])
    with site(says()) as (port, _), pytest.raises(Unreachable, match=r"cannot be reached|certificate"):
        far_page.fetch(f"https://blog.example.org:{port}/", trial(port))
    with pytest.raises(Unreachable, match="cannot be reached"):
        far_page.fetch(f"http://blog.example.org:{port}/", trial(port, ["127.0.0.1", "127.0.0.2"]))
    false = far_page._why(OSError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"))
    assert "certificate is not valid" in false


def test_names_are_asked_of_the_name_servers_alone(monkeypatch):
    asked = []

    def resolve_name(self, name, **options):
        asked.append((str(name), options))
        if "none" in str(name):
            raise dns.resolver.NXDOMAIN
        return type("Found", (), {"addresses": lambda _: iter(["93.184.215.14"])})()

    monkeypatch.setattr(dns.resolver.Resolver, "resolve_name", resolve_name)
    assert far_net.looked_up("example.org", 2) == ["93.184.215.14"]
    assert far_net.looked_up("none.example.org", 2) == []
    assert asked[0] == ("example.org.", {"lifetime": 2})
    assert (far_net.PUBLIC.addresses, far_net.PUBLIC.ports) == (far_net.looked_up, (80, 443))
