"""The outbox of a laptop: mails the local catcher took, to be read as they would arrive. Never on a public server."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from flask import Blueprint, Response, abort, render_template, request

from funnel import languages
from funnel.config import settings
from funnel.environment import split
from funnel.local import outbox
from funnel.relay import is_loopback
from funnel.web import guard, spoken

# What a mail may do in its frame: show its own styles, and load nothing from anywhere.
MAIL_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-top-navigation-by-user-activation"
)
LEAD_OUT = '<base target="_top">'  # our pages refuse to be framed, so a link leads out of the frame

blueprint = Blueprint("outbox", __name__)


@blueprint.before_request
def only_here() -> None:
    # The name too: another site may give its own name our address, and would then read the mails as its own pages.
    if not settings().local_outbox or not is_loopback(split(f"//{request.host}").hostname or ""):
        abort(404)
    spoken.speak(languages.ENGLISH)  # it is for whoever tries Funnel out, as the owner's pages are


@blueprint.get("/outbox")
def index() -> str:
    page = max(1, request.args.get("page", 1, int))
    folder = settings().outbox_dir
    pages = max(1, -(-len(outbox.numbers(folder)) // outbox.PAGE_MAILS))
    return render_template("pages/outbox/index.html", mails=outbox.mails(folder, page), page=page, pages=pages)


@blueprint.get("/outbox/<int:number>")
def show(number: int) -> Response:
    mail = _parsed(number)
    page = render_template(
        "pages/outbox/show.html", mail=mail, number=number, text=_part(mail, "plain"), html=_part(mail, "html")
    )
    answer = Response(page, mimetype="text/html")
    answer.headers["Content-Security-Policy"] = f"{guard.POLICY}; frame-src 'self'"
    return answer


@blueprint.get("/outbox/<int:number>/html")
def html(number: int) -> Response:
    page = _part(_parsed(number), "html") or abort(404)
    answer = Response(page.replace("<head>", f"<head>{LEAD_OUT}", 1), mimetype="text/html")
    answer.headers["Content-Security-Policy"] = MAIL_SECURITY_POLICY
    return answer


@blueprint.get("/outbox/<int:number>.eml")
def raw(number: int) -> Response:
    return Response(_raw(number), mimetype="message/rfc822")


def _raw(number: int) -> bytes:
    try:
        return outbox.read(settings().outbox_dir, number)
    except OSError:  # none of that number, or a number no file can have
        abort(404)


def _parsed(number: int) -> EmailMessage:
    return message_from_bytes(_raw(number), policy=default)


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()) if part else ""
