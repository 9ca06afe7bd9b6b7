"""The forms: made, copied, closed and opened again, looked at, and how each is put to use."""

from http import HTTPStatus

from flask import Response, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel import config, languages
from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.insight import entrances, kept_out
from funnel.models.content import Post, Sequence
from funnel.programme import course_languages, form_words, forms, handouts, thanks
from funnel.programme.posts import SlugError
from funnel.programme.wording import Fault
from funnel.web import spoken
from funnel.web.owner import brings, codes_of_form, form_manner, frame, gate, texts
from funnel.web.owner.form_manner import FORMS
from funnel.web.owner.settings import SITES
from funnel.web.pages import posts as pages

blueprint = gate.pages("own_forms", __name__)


@blueprint.get("/forms/new")
def new() -> AnyResponse:
    """Words that a practice can begin with, in the language of its country or in `?language=`."""
    language = languages.named(request.args.get("language", spoken.practice())).code
    with Session.begin() as session:
        courses = form_words.courses(session)
        return _new(session, form_words.first_words(courses[0] if courses else None, language), "")


@blueprint.post("/forms/new")
def make() -> AnyResponse:
    now, content, slug = utc_now(), form_words.cleaned(request.form), request.form.get("slug", "").strip()[:200]
    FORMS.first()
    with Session.begin() as session:
        values, faults = form_words.read(session, content)
        try:
            if slug:
                forms.checked(session, slug)
        except SlugError as error:
            faults.insert(0, Fault("slug", 0, str(error)))
        if faults:
            return _new(session, content, slug, faults)
        form = forms.make(session, slug, values, gate.owner().id, now)
        gate.note(session, "made a form", now, form=form.id)
        number = form.id
    flash("Made. It takes people as soon as its link stands somewhere.")
    return redirect(url_for(".show", text_id=number), HTTPStatus.SEE_OTHER)


@blueprint.get(f"/forms/<{gate.ID}:text_id>")
def show(text_id: int) -> Response:
    now = utc_now()
    with Session.begin() as session:
        brought = brings.known(session, now)
        days = brought["period"]
        form = FORMS.found(session, text_id)
        post = session.get(Post, form.post_id) if form.post_id else None
        return texts.standing(
            "own_forms/show",
            session,
            FORMS,
            form,
            post=post,
            first=pages.form_of(session, post.id) if post else None,
            course=session.get_one(Sequence, form.sequence_id),
            spoken=languages.named(form.language),
            mails=course_languages.untold(session, form.sequence_id, form.language),
            other_titles=form_words.other_titles(session, form),
            figures=entrances.of_form(session, text_id, days.first_day, days.last_day),
            taken=entrances.taken(session, text_id, days.first_day, days.last_day),
            handout=handouts.offered(session, form),
            kept_out=kept_out.at_form(session, text_id, now),
            thanks_trusted=thanks.is_trusted(form.thanks_url),
            missing_site=thanks.missing_site(form.thanks_url),
            sites_held=bool(config.given(SITES)),
            **brought,
            **codes_of_form.codes(form),
        )


@blueprint.get(f"/forms/<{gate.ID}:text_id>/page")
def body(text_id: int) -> Response:
    """The hosted form as readers see it, for the frames of its page. `?scheme=` is light or dark."""
    scheme = frame.wanted()
    with Session.begin() as session:
        content = form_words.typed(session, FORMS.found(session, text_id))
        html = form_manner.page(session, content, text_id)
    return frame.alone(frame.page(html, scheme), frame.OF_A_PAGE)


@blueprint.post(f"/forms/<{gate.ID}:text_id>/copy")
def copy(text_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        made = forms.copy(session, FORMS.found(session, text_id), gate.owner().id, now)
        gate.note(session, "copied a form", now, form=made.id, of=text_id)
        number = made.id
    flash("A copy, with an address of its own. It stands in no post yet.")
    return redirect(url_for("editor.show", noun=FORMS.noun, text_id=number), HTTPStatus.SEE_OTHER)


@blueprint.post(f"/forms/<{gate.ID}:text_id>/retire")
def retire(text_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        forms.retire(session, FORMS.locked(session, text_id))
        gate.note(session, "retired a form", now, form=text_id)
    flash("Retired: nobody can sign up by it. Whoever has, goes on getting mails. You can bring it back below.")
    return redirect(url_for(".show", text_id=text_id), HTTPStatus.SEE_OTHER)


@blueprint.post(f"/forms/<{gate.ID}:text_id>/bring-back")
def bring_back(text_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        forms.bring_back(session, FORMS.locked(session, text_id))
        gate.note(session, "brought a form back", now, form=text_id)
    flash("Open again. All its links take people as before.")
    return redirect(url_for(".show", text_id=text_id), HTTPStatus.SEE_OTHER)


def _new(session: OrmSession, content: dict[str, str], slug: str, faults: list[Fault] | None = None) -> AnyResponse:
    answer = frame.around(
        render_template(
            "owner/own_forms/new.html",
            content=content,
            slug=slug,
            faults=faults or [],
            wrong=texts.by_field(faults or []),
            labels={**FORMS.labels, "slug": "Address"},
            noun=FORMS.noun,
            look=FORMS.look,
            base=settings().base_url,
            **form_manner.choices(session, content),
        )
    )
    answer.status_code = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
    return answer
