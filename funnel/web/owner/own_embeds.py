"""“Put it on your blog”: the codes of a form, each look tried, what each host wants, and a look at the page after."""

from http import HTTPStatus

from flask import Response, abort, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from funnel import config, limits
from funnel.db import Session
from funnel.insight import embed_check, embeds, far_page
from funnel.insight.embed_check import Finding
from funnel.insight.embeds import LOOKS
from funnel.insight.far_page import LONGEST, Unreachable
from funnel.web import edge
from funnel.web.owner import codes_of_form, frame, gate
from funnel.web.owner.form_manner import FORMS
from funnel.web.owner.settings import SITES

CHECKS, CHECKS_WITHIN_S = 20, 600  # looks at pages of others by one owner
TOO_MANY = "You have looked at many pages. Wait some minutes before the next one."

blueprint = gate.pages("own_embeds", __name__)


@blueprint.get(f"/forms/<{gate.ID}:text_id>/blog")
def show(text_id: int) -> Response:
    return _page(text_id, request.args.get("page", "").strip()[:LONGEST])


@blueprint.get(f"/forms/<{gate.ID}:text_id>/blog/<look>")
def body(text_id: int, look: str) -> Response:
    """A made-up post with the form in it, for the frame of the page above."""
    if look not in LOOKS:
        abort(HTTPStatus.NOT_FOUND)
    with Session.begin() as session:
        html = render_template("owner/own_embeds/look.html", text=FORMS.found(session, text_id), look=look)
    answer = frame.around(html)
    policy = answer.headers["Content-Security-Policy"]
    answer.headers["Content-Security-Policy"] = policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
    return answer


@blueprint.post(f"/forms/<{gate.ID}:text_id>/blog/check")
def check(text_id: int) -> AnyResponse:
    """Looks at somebody's page, with no transaction open meanwhile, and says what is there."""
    typed = request.form.get("page", "").strip()[:LONGEST]
    with Session.begin() as session:
        FORMS.found(session, text_id)
    if not limits.allow("embed check", str(gate.owner().id), CHECKS, CHECKS_WITHIN_S):
        return _page(text_id, typed, problem=TOO_MANY, status=HTTPStatus.TOO_MANY_REQUESTS)
    try:
        found = far_page.fetch(typed)
        seen = embeds.seen(found)
    except Unreachable as error:
        return _page(text_id, typed, problem=str(error), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    with Session.begin() as session:
        told = embed_check.findings(session, found, seen, FORMS.found(session, text_id), codes_of_form.script)
    return _page(text_id, typed, told)


def _page(
    text_id: int,
    typed: str,
    found: list[Finding] | None = None,
    problem: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    known = config.settings()
    with Session.begin() as session:
        form = FORMS.found(session, text_id)
        answer = make_response(
            render_template(
                "owner/own_embeds/show.html",
                text=form,
                looks=LOOKS,
                sites=known.sites,
                sites_held=bool(config.given(SITES)),
                typed=typed,
                found=found,
                problem=problem,
                back=url_for(".show", text_id=text_id, page=typed or None, **codes_of_form.asked()),
                **codes_of_form.codes(form),
            ),
            status,
        )
    answer.headers["Content-Security-Policy"] = f"{edge.policy()}; {frame.AROUND}"
    return answer
