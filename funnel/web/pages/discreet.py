"""Pages behind a token: kept by no cache, found by no search engine, and their address told to no other site."""

from flask import Blueprint, Response, render_template

from funnel.tokens import BadToken


def blueprint(name: str, module: str) -> Blueprint:
    """A blueprint whose pages are opened by a token in their address, and which says so kindly when it is a bad one."""
    made = Blueprint(name, module)
    made.after_request(keep_quiet)
    made.register_error_handler(BadToken, _say_bad_token)
    return made


def keep_quiet(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _say_bad_token(_error: BadToken) -> tuple[str, int]:
    return render_template(
        "pages/error.html",
        title="This link is not whole",
        words="Mail programs sometimes cut a long address in two. Please go back to the mail and tap the link there, "
        "or copy all of it.",
    ), 404
