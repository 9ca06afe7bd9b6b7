"""The outbox of a laptop: caught mails as they would arrive, and never on a public server."""

import pytest

from funnel.config import settings
from funnel.local import outbox
from tests.browser import DESK, PHONE

PATHS = ("/outbox", "/outbox/1", "/outbox/1/html", "/outbox/1.eml")
MAIL = (
    b"From: Alessandro <alessandro@example.org>\r\nTo: ada@example.org\r\n"
    b"Subject: =?utf-8?q?Caf=C3=A9_=3Cb=3E?=\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="x"\r\n\r\n'
    b"--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello at https://example.org/a\r\n"
    b"--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b"<html><head><style>p{color:red}</style></head><body><p>Hello</p></body></html>\r\n--x--\r\n"
)
PLAIN = b"From: a@example.org\r\nTo: b@example.org\r\n\r\nOnly text\r\n"


@pytest.fixture
def folder(setting, tmp_path):
    setting(DATA_DIR=str(tmp_path))
    folder = settings().outbox_dir
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def caught(folder):
    outbox.store(folder, 1, "bounces@example.org", ["ada@example.org"], MAIL)


def test_an_empty_outbox_says_how_to_fill_it(client, folder):
    assert "Nothing yet" in client.get("/outbox").text


def test_the_list_shows_the_newest_first(client, folder, caught):
    outbox.store(folder, 2, "bounces@example.org", ["b@example.org"], PLAIN)
    page = client.get("/outbox").text
    assert "Café &lt;b&gt;" in page
    assert page.index('href="/outbox/2"') < page.index('href="/outbox/1"')
    assert "(no subject)" in page


def test_more_mails_than_a_page_are_paged(client, folder):
    for number in range(1, outbox.PAGE_MAILS + 2):
        outbox.store(folder, number, "a@example.org", ["b@example.org"], PLAIN)
    assert "Page 1 of 2" in client.get("/outbox").text
    assert 'href="/outbox/1"' in client.get("/outbox?page=2").text
    for odd in ("0", "-1", "x", "9" * 30):
        assert client.get(f"/outbox?page={odd}").status_code == 200


def test_a_mail_shows_its_text_its_headers_and_its_frame(client, caught):
    answer = client.get("/outbox/1")
    assert "Café &lt;b&gt;" in answer.text
    assert '<a href="https://example.org/a"' in answer.text
    assert "X-Envelope-To" in answer.text
    assert 'src="/outbox/1/html"' in answer.text
    assert "frame-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_mail_of_text_only_has_no_frame(client, folder):
    outbox.store(folder, 1, "a@example.org", ["b@example.org"], PLAIN)
    assert "<iframe" not in client.get("/outbox/1").text
    assert client.get("/outbox/1/html").status_code == 404


def test_the_html_may_style_itself_and_nothing_else(client, caught):
    answer = client.get("/outbox/1/html")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "X-Frame-Options" not in answer.headers
    assert '<base target="_top">' in answer.text
    assert "<style>" in answer.text


def test_the_raw_mail_is_as_it_came(client, caught):
    answer = client.get("/outbox/1.eml")
    assert answer.mimetype == "message/rfc822"
    assert answer.data.endswith(MAIL)


@pytest.mark.parametrize("path", ["/outbox/2", "/outbox/2/html", "/outbox/2.eml", "/outbox/" + "9" * 400])
def test_a_mail_that_is_not_there_is_a_friendly_404(client, caught, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_with_a_relay_of_its_own_there_is_no_outbox(client, caught, setting, path):
    setting(SMTP_URL="smtp://127.0.0.1:2525")
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_on_a_public_server_there_is_no_outbox(client, caught, setting, path):
    setting(
        BASE_URL="https://mail.example.org",
        SMTP_URL="smtp://relay.example.org",
        MAIL_FROM="a@example.org",
        PRACTICE_ADDRESS="1 Road",
    )
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_another_sites_name_for_this_machine_opens_no_outbox(client, caught, path):
    assert client.get(path, headers={"Host": "evil.example:8000"}).status_code == 404
    assert client.get(path, headers={"Host": "127.0.0.1:8000"}).status_code == 200


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_list_fits_its_window_and_a_subject_has_its_own_line_on_a_phone(live, folder, page, width):
    subject = b"Subject: Eight short mails for a calmer lower back, the third\r\n"
    outbox.store(folder, 1, "a@example.org", ["b@example.org"], subject + b"To: ada.lovelace@example.org\r\n\r\nx")
    window = page(width=width)
    window.goto(f"{live}/outbox")
    assert window.evaluate("document.documentElement.scrollWidth") <= width
    size = window.locator("td.number").bounding_box()
    subject = window.locator(".caught .subject").bounding_box()
    assert size["x"] + size["width"] <= width
    assert (subject["width"] > width * 0.8) == (width == PHONE)
