"""Sites as they are typed, and which origins they cover."""

import pytest

from funnel import origins


@pytest.mark.parametrize(
    ("typed", "site"),
    [
        ("https://example.org", "https://example.org"),
        ("Example.org", "https://example.org"),
        ("https://blog.example.org/2026/my-post?x=1#y", "https://blog.example.org"),
        ("https://example.org:443/", "https://example.org"),
        ("https://example.org:8443", "https://example.org:8443"),
        ("*.example.org", "https://*.example.org"),
        ("https://*.blog.example.co.uk", "https://*.blog.example.co.uk"),
        ("https://rücken.example", "https://xn--rcken-kva.example"),
        ("http://localhost:8080/post", "http://localhost:8080"),
        ("http://127.0.0.1:99", "http://127.0.0.1:99"),
        ("http://[::1]:99", "http://[::1]:99"),
        ("alessandro.wixsite.com", "https://alessandro.wixsite.com"),
    ],
)
def test_the_address_of_any_page_of_a_site_names_it(typed, site):
    assert origins.site(typed) == site


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("http://example.org", "Use https://"),
        ("*", "at the front"),
        ("https://*.org", "not the address"),
        ("*.co.uk", "anybody can have a site there"),
        ("*.wordpress.com", "anybody can have a site there"),
        ("https://*.wixsite.com", "anybody can have a site there"),
        ("https://www.*.example.org", "at the front"),
        ("https://ex*mple.org", "at the front"),
        ("ftp://example.org", "not the address"),
        ("javascript:alert(1)", "not the address"),
        ("blog", "not the address"),
        ("https://10.0.0.1", "is a number"),
        ("https://1.2.3", "not the address"),
        ("https://me@example.org", "holds the sign @"),
        ("https://exam ple.org", "not the address"),
        ("https://example.org;script-src", "not the address"),
        ("https://[::1", "not the address"),
        ("https://example.org:port", "not the address"),
        ("https://" + "a" * 400 + ".org", "longer"),
    ],
)
def test_what_is_no_site_is_told_with_its_mend(typed, words):
    with pytest.raises(ValueError, match=words.replace("*", r"\*")):
        origins.site(typed)


def test_a_star_covers_what_is_below_the_name_and_nothing_else():
    sites = ("https://*.example.org", "https://one.example.net")
    covered = {origin: origins.covers(sites, origin) for origin in (
        "https://blog.example.org", "https://a.b.example.org", "https://one.example.net",
        "https://example.org", "http://blog.example.org", "https://blog.example.org:8443", "https://notexample.org",
        "https://example.org.evil.example", "https://two.example.net", "",
    )}  # fmt: skip
    assert list(covered.values()) == [True] * 3 + [False] * 7


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Example.org/a", "https://example.org"),
        ("http://example.org:80", "http://example.org"),
        ("mailto:a@example.org", ""),
        ("https://[", ""),
        ("//example.org", ""),
    ],
)
def test_the_origin_of_an_address(url, origin):
    assert origins.of(url) == origin
