"""What every answer of ours tells a browser about itself."""

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response

Answer = tuple[str, list[tuple[str, str]], bytes]  # status, headers but for the request's name, and body

NAME = "X-Request-ID"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def policy(onward: str = "") -> str:
    """The security policy of a page whose form may be led on to another origin."""
    return POLICY.replace("form-action 'self'", f"form-action 'self' {onward}".strip())


def add(headers: Headers, policy: str, *, https: bool) -> None:
    """Adds it all but for the request's name, where the answer has not said otherwise."""
    headers.setdefault("Content-Security-Policy", policy)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    if "frame-ancestors 'none'" in headers["Content-Security-Policy"]:
        headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), browsing-topics=()")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if https:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")


def whole(response: Response) -> Answer:
    """An answer as WSGI has it, for one that Flask does not give."""
    body, status, headers = response.get_wsgi_response({"REQUEST_METHOD": "GET"})
    return status, headers, b"".join(body)
