"""Another site's security policy, read as a browser reads it."""

import pytest

from funnel.insight import far_policy

OURS, PAGE = "https://mail.example.org", "https://blog.example.net/post"


@pytest.mark.parametrize(
    ("text", "kind", "stops"),
    [
        ("", "script", ""),
        ("img-src 'self'", "script", ""),
        ("default-src 'self'", "script", "default-src"),
        ("default-src 'none'; script-src https://mail.example.org", "script", ""),
        ("default-src 'none'; script-src https://mail.example.org", "frame", "default-src"),
        ("script-src *; script-src-elem 'self'", "script", "script-src-elem"),
        ("script-src 'self'; script-src *", "script", "script-src"),
        ("frame-src *.example.org", "frame", ""),
        ("frame-src *.mail.example.org", "frame", "frame-src"),
        ("child-src mail.example.org", "frame", ""),
        ("frame-src https:", "frame", ""),
        ("frame-src data:", "frame", "frame-src"),
        ("frame-src http://mail.example.org", "frame", ""),
        ("frame-src mail.example.org:8443", "frame", "frame-src"),
        ("frame-src mail.example.org:*", "frame", ""),
        ("frame-src https://mail.example.org/f/", "frame", ""),
        ("frame-src https://mail.example.org/g/", "frame", "frame-src"),
        ("script-src https://mail.example.org/embed.js", "script", ""),
        ("script-src 'nonce-abc'", "script", ""),
        ("script-src 'nonce-xyz' 'strict-dynamic' https:", "script", "script-src"),
        ("form-action 'self'", "form", "form-action"),
        ("default-src 'none'", "form", ""),
        ("Frame-Src 'None'", "frame", "frame-src"),
    ],
)
def test_what_is_let_in(text, kind, stops):
    url = {"script": f"{OURS}/embed.js", "frame": f"{OURS}/f/tips/embed", "form": f"{OURS}/f/tips"}[kind]
    assert "".join(policy.stops(kind, url, PAGE, "abc") for policy in far_policy.read([text])) == stops


def test_of_several_policies_each_holds():
    first, second = far_policy.read(["frame-src *, frame-src 'self'"])
    assert first.stops("frame", f"{OURS}/f/tips/embed", PAGE) == ""
    assert second.stops("frame", f"{OURS}/f/tips/embed", PAGE) == "frame-src"
    assert second.stops("frame", "https://blog.example.net/x", PAGE) == ""
