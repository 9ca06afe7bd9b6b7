"""A link is told once, by the original's words, in whatever languages and wordings it stands."""

from funnel.db import utc_now
from funnel.insight import result_links
from funnel.mail import edition
from funnel.models.translations import Translation
from funnel.programme import translations
from funnel.web.owner import result_labels
from tests.issue_cast import an_issue


def said(session, issue, language, body):
    row = session.get_one(Translation, translations.begin(session, issue, language, utc_now()))
    words = {"subject": language, "preheader": "", "body": body}
    translations.say(session, row, words, owner_id=None, why="", now=utc_now())


def test_one_page_is_one_row_whichever_language_was_mailed_first(session):
    both, other = "https://example.org/both", "https://example.org/other"
    issue = an_issue(session, body=f"[Read]({both})\n", state="sending", subject_b="Stools")
    said(session, issue, "it", f"[Leggi]({both}) e [qui]({other})\n")
    said(session, issue, "de", f"[Lesen]({both}) und [hier]({other})\n")
    family = [an_issue(session, parent_id=issue.id, part=part, state="sending", body=issue.body) for part in "ab"]
    for wording, language in zip(family, ("it", "de"), strict=True):
        edition.of_newsletters(session, {(wording.id, language)}, utc_now())
    labels = result_labels.of(session, [issue])
    found = result_links.of_mails(session, [one.id for one in family], 0, labels)
    assert [(one.url, one.label) for one in found if one.url in (both, other)] == [(both, "Read"), (other, "hier")]
    assert {both, other} <= set(labels)
