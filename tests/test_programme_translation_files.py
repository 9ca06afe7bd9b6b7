"""Translations beside the files of mails: loaded, loaded again, edited here, gone, and refused with their line."""

import shutil

import pytest
from sqlalchemy import select

from funnel.models.content import Step
from funnel.models.editing import Kind
from funnel.models.translations import Translation
from funnel.programme import content_files, file_copies, revisions, translations
from funnel.programme.content_files import ContentError
from tests.conftest import NOW

FILE = "courses/back-care/02-find-your-ql.it.md"
SAID = """---
language: it
subject: Che cosa fa il QL
preheader: Un muscolo profondo, e come trovarlo in trenta secondi con due mani.
---

Buongiorno, [leggere](/posts/quadratus-lumborum).
"""


@pytest.fixture
def folder(tmp_path):
    made = shutil.copytree(content_files.FOLDER, tmp_path / "content")
    (made / FILE).write_text(SAID)
    return made


def load(session, folder):
    loaded = content_files.load(session, folder, NOW)
    session.expire_all()
    return loaded


def its(session):
    return session.scalars(select(Translation).where(Translation.subject.contains("QL"))).one()


def test_the_welcome_is_there_in_every_language(session):
    content_files.load(session, content_files.FOLDER, NOW)
    rows = session.scalars(select(Translation).order_by(Translation.language)).all()
    assert [row.language for row in rows] == ["de", "es", "fr", "it"]
    assert all(row.in_use and "{{ emergency_number }}" in row.body for row in rows)


def test_an_upgrade_brings_a_new_translation_of_a_mail_that_is_there(session, folder):
    german = folder / "courses/back-care/01-welcome.de.md"
    said = german.read_text()
    german.unlink()
    load(session, folder)
    german.write_text(said)
    assert (load(session, folder).added, load(session, folder).added) == (1, 0)
    row = session.scalars(select(Translation).where(Translation.language == "de")).one()
    assert (row.in_use, row.of_revision) == (True, 1)


def test_a_file_beside_a_mail_is_said_in_its_language(session, folder):
    load(session, folder)
    row = its(session)
    assert (row.language, row.in_use, row.subject) == ("it", True, "Che cosa fa il QL")
    assert row.of_revision == 1
    assert row.body.startswith("Buongiorno")


def test_loaded_again_nothing_changes_and_other_words_are_another_revision(session, folder):
    load(session, folder)
    assert (load(session, folder).added, load(session, folder).changed) == (0, 0)
    (folder / FILE).write_text(SAID.replace("Buongiorno", "Buonasera"))
    assert load(session, folder).changed == 1
    assert revisions.latest(session, Kind.TRANSLATION, its(session).id) == 2


def test_a_file_that_is_gone_leaves_the_original_and_comes_back(session, folder):
    load(session, folder)
    (folder / FILE).unlink()
    assert load(session, folder).retired == 1
    assert not its(session).in_use
    (folder / FILE).write_text(SAID)
    load(session, folder)
    assert its(session).in_use


def test_what_was_edited_here_stays(session, folder):
    load(session, folder)
    row = its(session)
    values = translations.read(translations.typed(row) | {"subject": "Il QL, in breve"}, "it")[0]
    translations.save(session, row, values, based_on=1, owner_id=None, why="saved", now=NOW)
    (folder / FILE).write_text(SAID.replace("Buongiorno", "Buonasera"))
    assert load(session, folder).kept == 1
    assert its(session).subject == "Il QL, in breve"
    (folder / FILE).unlink()
    load(session, folder)
    assert its(session).in_use


def test_beside_words_of_the_owners_a_new_translation_waits_until_the_mail_says_what_its_file_does(session, folder):
    said = (folder / FILE).read_text()
    (folder / FILE).unlink()
    load(session, folder)
    step = session.scalars(select(Step).where(Step.slug == "find-your-ql")).one()
    theirs, step.subject = step.subject, "What the QL does, in my words"
    file_copies.part(session, Kind.STEP, step.id)
    (folder / FILE).write_text(said)
    for _ in range(2):
        load(session, folder)
        assert (its(session).in_use, its(session).of_revision) == (False, 0)
    assert its(session).body.startswith("Buongiorno")
    step.subject = theirs
    assert load(session, folder).changed == 1
    assert (its(session).in_use, its(session).of_revision) == (True, 1)


def test_what_the_owner_left_out_no_file_brings_back_and_used_again_it_follows_its_file(session, folder):
    load(session, folder)
    assert translations.keep_out(session, its(session), NOW)
    assert load(session, folder).kept == 1
    assert not its(session).in_use
    assert translations.use(session, its(session), NOW)
    (folder / FILE).write_text(SAID.replace("Buongiorno", "Buonasera"))
    assert load(session, folder).changed == 1
    assert its(session).body.startswith("Buonasera")


def test_what_is_wrong_is_told_with_its_line(session, folder):
    (folder / FILE).write_text(SAID.replace("language: it", "language: fr").replace("Buongiorno", "Guarisce"))
    course = folder / "courses/back-care"
    (course / "02-find-your-ql.en.md").write_text(SAID)
    (course / "09-nothing.it.md").write_text(SAID)
    (course / "02-find-your-ql.xx.md").write_text(SAID.replace("language: it", "language: xx"))
    (course / "03-stretches.de.md").write_text("no fields")
    with pytest.raises(ContentError) as error:
        load(session, folder)
    told = "\n".join(f"{fault.path.name}:{fault.line} {fault.text}" for fault in error.value.faults)
    for words in (
        "02-find-your-ql.it.md:2 It says “fr”, and the name of its file “it”.",
        "02-find-your-ql.it.md:7 “guarisce” promises too much",
        "02-find-your-ql.en.md:0 The mail without a language",
        "09-nothing.it.md:0 There is no mail “nothing” here",
        "02-find-your-ql.xx.md:2 “language” must be one of: en, de, es, fr, it",
        "03-stretches.de.md:1 It must begin with",
    ):
        assert words in told
