"""What somebody is writing, before it is anywhere: looked at and tried out through the same press as what is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from funnel.config import settings
from funnel.languages import ENGLISH
from funnel.mail import notices, press
from funnel.mail.press import Course, Sheet, Words
from funnel.models.content import Newsletter, Step

STEP, NEWSLETTER, NOTICE = KINDS = ("step", "newsletter", "notice")
NEW_COURSE = Course("The course", "course", "new")
NEW_ISSUE = 0


@dataclass(frozen=True)
class Sketch:
    """Words as typed, and what they will be: `kind` is one of KINDS; `course` is that of a step."""

    kind: str
    words: Words
    sources: str = ""  # as typed, a line each; they are for the file, not for the mail
    course: Course = NEW_COURSE
    page: str = ""  # of an issue: where all will be able to read it
    notice: str = ""  # of a notice: its name, which says what stands at its foot

    def kept(self) -> dict[str, Any]:
        """As JSON, for `of`."""
        course, words = self.course, self.words
        return {
            "kind": self.kind,
            "words": [words.subject, words.preheader, words.body, words.language],
            "sources": self.sources,
            "course": [course.title, course.slug, course.step, course.asked_as],
            "page": self.page,
            "notice": self.notice,
        }


def of(kept: dict[str, Any]) -> Sketch:
    title, slug, step, *asked_as = kept["course"]  # kept by the release before, it ends with the step
    course = Course(title, slug, step, tuple((code, named) for pairs in asked_as for code, named in pairs))
    return Sketch(
        kept["kind"], Words(*kept["words"]), kept["sources"], course, kept.get("page", ""), kept.get("notice", "")
    )


def typed(
    kind: str, content: Mapping[str, str], course: Course = NEW_COURSE, page: str = "", language: str = ENGLISH
) -> Sketch:
    """What stands in an editor at this moment, as the mail it will be; `content` as `wording.cleaned` gives it."""
    subject, preheader = (content.get(name, "").strip() for name in ("subject", "preheader"))
    words = Words(subject, preheader, content.get("body", ""), language)
    return Sketch(kind, words, content.get("sources", ""), course, page)


def typed_notice(content: Mapping[str, str]) -> Sketch:
    """The same of a notice. `about` of the content says of which, in which language, as `notices.kept_as` does."""
    name, language = notices.known_as(content.get("about", ""))
    return replace(typed(NOTICE, content, language=language), notice=name)


def of_step(step: Step) -> Sketch:
    """A step as it stands."""
    return Sketch(STEP, Words(step.subject, step.preheader, step.body), _lines(step.sources), press.course_of(step))


def of_newsletter(issue: Newsletter) -> Sketch:
    """An issue as it stands."""
    words = Words(issue.subject, issue.preheader, issue.body)
    return Sketch(NEWSLETTER, words, _lines(issue.sources), page=press.web_page(issue))


def sheet(sketch: Sketch) -> Sheet:
    """Its sheet, as of the mail it will be. Raises merge.BadTags and Unsendable."""
    if sketch.kind == STEP:
        return press.tip(sketch.words, sketch.course, settings(), sketch.words.language)
    if sketch.kind == NEWSLETTER:
        return press.newsletter(sketch.words, NEW_ISSUE, settings(), sketch.words.language, sketch.page)
    return notices.sheet(sketch.notice, sketch.words)


def _lines(sources: list[Any]) -> str:
    """The sources a line each, as they are typed."""
    return "\n".join(
        " · ".join(part for part in map(source.get, ("name", "detail", "url")) if part) for source in sources
    )
