"""A trial of two subjects is made of those who see them."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.models.content import Newsletter, Part
from funnel.models.translations import Translation
from funnel.programme import subject_trial, translations
from funnel.programme.subject_trial import BadTrial, Trial
from tests.conftest import NOW
from tests.issue_cast import START, an_issue, arrive, place, readers, whose, work


def test_who_reads_a_translation_is_tried_on_neither_subject_and_has_it_with_the_rest(session, monkeypatch):
    monkeypatch.setattr(subject_trial, "LEAST", 4)
    readers(session, 20)
    italians = readers(session, 10, language="it")
    issue = an_issue(session)
    row = session.get_one(Translation, translations.begin(session, issue, "it", NOW))
    words = {"subject": "Sedie", "preheader": "", "body": "Ciao.\n"}
    translations.say(session, row, words, owner_id=None, why="", now=NOW)
    session.commit()
    with pytest.raises(BadTrial, match="people in all"):  # it wants 25; 20 of 30 see the subjects
        place(session, issue, trial=Trial("Stools", 16, 4))
    session.rollback()
    issue = place(session, session.get_one(Newsletter, issue.id), trial=Trial("Stools", 100, 4))
    work(session)
    assert not set(italians) & set(whose(session))
    arrive(session)
    work(session, START + timedelta(hours=5))
    rest = session.scalars(select(Newsletter).where(Newsletter.part == Part.REST)).one()
    assert set(whose(session, rest)) == set(italians)
