"""Translations: in use or not, which readers get them, what is counted with the original, and what differs from it."""

import pytest
from sqlalchemy import event, select

from funnel.db import engine
from funnel.mail import edition
from funnel.models.content import Part
from funnel.models.editing import Kind, Revision
from funnel.models.house import Owner
from funnel.models.mail import Link
from funnel.models.translations import Translation
from funnel.programme import editing, issues, likeness, revisions, translations, wording
from funnel.programme.check import State
from tests.conftest import NOW
from tests.drafts import composed, drafts
from tests.factories import a_message, a_sequence, a_subscriber, add
from tests.test_mail_newsletter import an_issue, its_mail, read

WORDS = {
    "subject": "Due allungamenti per oggi",
    "preheader": "Fanno bene a molti, e bastano due minuti al giorno per farli.",
    "body": 'Buongiorno {{ first_name | default("a Lei") }},\n\n[leggere](/posts/x) [Prenotare]({{ booking_link }})\n',
}


@pytest.fixture
def owner_id(session):
    return add(session, Owner(email="a@example.org", password_hash="", session_key="k", created_at=NOW)).id


@pytest.fixture
def step(session):
    return a_sequence(session).steps[1]


def translated(session, of, language="it", **changes):
    row = session.get_one(Translation, translations.begin(session, of, language, NOW))
    translations.say(session, row, WORDS | changes, owner_id=None, why="here", now=NOW)
    translations.fits(session, row)
    session.flush()
    return row


def got(session, step, language):
    """The text that a reader of that language gets."""
    message = a_message(session, a_subscriber(session, language=language, first_name=""), step_id=step.id)
    return read(composed(session, message))


def test_readers_of_its_language_get_it_and_all_others_the_original(session, step):
    translated(session, step)
    mail, text, page = got(session, step, "it")
    assert mail["Subject"] == WORDS["subject"]
    assert "Buongiorno a Lei" in text
    assert '<html lang="it"' in page
    assert "<div lang=" not in page
    assert "this is a tip" in got(session, step, "en")[1]
    assert "this is a tip" in got(session, step, "de")[1]


def test_one_that_was_begun_and_not_saved_is_nobodys(session, step):
    translations.begin(session, step, "it", NOW)
    assert "this is a tip" in got(session, step, "it")[1]


def test_begun_twice_it_is_one(session, step):
    assert translations.begin(session, step, "it", NOW) == translations.begin(session, step, "it", NOW)


def test_left_out_its_readers_get_the_original_and_put_to_use_it_again(session, step):
    row = translated(session, step)
    assert translations.leave_out(session, row, NOW)
    assert "this is a tip" in got(session, step, "it")[1]
    assert translations.use(session, row, NOW)
    assert "Buongiorno" in got(session, step, "it")[1]
    assert not translations.use(session, row, NOW)


def test_saved_while_left_out_it_stays_out(session, step):
    row = translated(session, step)
    translations.leave_out(session, row, NOW)
    translations.say(session, row, WORDS | {"subject": "Altro"}, owner_id=None, why="", now=NOW)
    assert not row.in_use


def test_both_languages_of_a_batch_are_made_at_once_and_clicks_belong_to_one_mail(session, step):
    step.body = "[read](/posts/x) [Book]({{ booking_link }}) [only here](https://example.org/en)\n"
    translated(
        session, step, body="[leggere](/posts/x) [Prenotare]({{ booking_link }}) [altro](https://example.org/it)\n"
    )
    people = [a_subscriber(session, language=code) for code in ("it", "en", "it")]
    made = drafts(session, *(a_message(session, person, step_id=step.id) for person in people))
    assert [read(one.compose())[0]["Subject"] for one in made] == [WORDS["subject"], step.subject, WORDS["subject"]]
    labels = dict(session.execute(select(Link.url, Link.label).where(Link.step_id == step.id)).all())
    assert {url.rpartition("/")[2]: label for url, label in labels.items()} == {
        "x": "read",
        "booking": "Book",
        "en": "only here",
        "it": "altro",
        "#": "canary",
    }


def test_the_original_need_not_leave_for_its_words_to_name_the_links(session, step):
    step.body = "[read](/posts/x)\n"
    translated(session, step, body="[leggere](/posts/x)\n")
    got(session, step, "it")
    assert "read" in session.scalars(select(Link.label).where(Link.step_id == step.id)).all()


def test_where_all_read_english_nobody_is_asked_for_translations(session, step):
    asked = []

    def heard(_connection, _cursor, statement, *_):
        asked.append("translation" in statement)

    event.listen(engine(), "before_cursor_execute", heard)
    try:
        edition.of_steps(session, {(step.id, "en"), (step.id, None)}, NOW)
    finally:
        event.remove(engine(), "before_cursor_execute", heard)
    assert asked
    assert not any(asked)


def test_an_issue_and_its_wordings_are_said_alike(session):
    issue = an_issue(session)
    wording_b = an_issue(session, parent_id=issue.id, part=Part.B, subject="Another")
    translated(session, issue)
    reader = a_subscriber(session, language="it")
    for row in (issue, wording_b):
        assert read(composed(session, its_mail(session, row, reader)))[0]["Subject"] == WORDS["subject"]


def test_a_new_issue_from_a_past_one_brings_its_translations_left_out_and_to_be_looked_at(session, owner_id):
    issue = an_issue(session)
    translated(session, issue)
    again = issues.begin(session, owner_id, NOW, issue)
    assert not translations.of_newsletters(session, {(again.id, "it")}, [again])
    [line] = [line for line in translations.listed(session, again, owner_id) if line.translation]
    assert (line.translation.body, line.translation.in_use, line.stale) == (WORDS["body"], False, True)


def test_an_original_that_changes_makes_its_translation_stale_until_it_is_said_to_fit(session, step, owner_id):
    step.revision = 0
    editing.put_live(session, step, NOW, owner_id=owner_id, finished_too=False)
    row = translated(session, step)

    def stale():
        return [line.stale for line in translations.listed(session, step, owner_id) if line.translation]

    assert stale() == [False]
    revisions.add(session, Kind.STEP, step.id, {"body": "new"}, owner_id=None, why="", now=NOW)
    assert stale() == [True]
    translations.fits(session, row)
    assert stale() == [False]


def test_what_was_said_before_can_be_looked_up(session, step):
    row = translated(session, step)
    translations.say(session, row, WORDS | {"subject": "Altro"}, owner_id=None, why="", now=NOW)
    found = session.scalars(select(Revision).where(Revision.kind == Kind.TRANSLATION).order_by(Revision.number)).all()
    assert [revision.content["subject"] for revision in found] == [WORDS["subject"], "Altro"]
    assert not translations.say(
        session, row, wording.of_values(vars(row), translations.FIELDS), owner_id=None, why="", now=NOW
    )


def test_words_are_read_by_the_rules_of_their_language():
    faults = translations.read(WORDS | {"body": "Buongiorno {{ first_name }}, guarisce.\n"}, "it")[1]
    assert [fault.field for fault in faults] == ["body", "body"]
    assert 'default("a Lei")' in faults[0].text
    assert "può dare sollievo" in faults[1].text
    assert translations.read(WORDS, "it")[1] == []


@pytest.mark.parametrize(
    ("translated", "words"),
    [
        ("[a](/x) [b](/y) {{ first_name }}", "It has as many links and the same tags."),
        ("[a](/x) {{ first_name }}", "The original has 2 links, this has 1. Not here: /y."),
        ("[a](/x) [b](/z) [c](/y) {{ first_name }}", "The original has 2 links, this has 3. Not in it: /z."),
        ("[a](/it/x) [b](/it/y)", "The original fills in more: first_name."),
        ("[a](/x) [b](/y) {{ first_name }} {{ site }} {{ site }}", "The original does not fill in: site (2 times)."),
        ("[a](/x) [b](/y) {{ nobody", "It has as many links and the same tags."),
    ],
)
def test_what_a_translation_lacks_is_told_and_not_refused(translated, words):
    found = likeness.checks("[a](/x) [b](/y) {{ first_name }}", translated)
    assert [check.words for check in found] == [words]
    assert State.STOP not in {check.state for check in found}
