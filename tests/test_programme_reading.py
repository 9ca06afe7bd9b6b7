"""How hard a text is to read."""

import pytest

from funnel.programme import reading

SYLLABLES = {
    1: ("the", "time", "whole", "eased", "times", "breathe", "asked", "one", "moved", "tried", "you", "30"),
    2: ("table", "hybrid", "people", "wanted", "massage", "muscle", "question", "social", "doctor", "changes", "doing"),
    3: ("platypus", "seemingly", "area", "exercise", "serious", "therapy", "idea", "quadratus", "lower-back"),
    4: ("australian", "reptilian", "usually", "education", "exercises"),
}  # fmt: skip


@pytest.mark.parametrize(("count", "words"), SYLLABLES.items())
def test_syllables_are_counted_by_the_spelling(count, words):
    assert {word: reading.syllables(word) for word in words} == dict.fromkeys(words, count)


def test_the_grade_is_that_of_the_formula():
    # 0.39 × 6 / 1 + 11.8 × 6 / 6 − 15.59, and 0.39 × 3 + 11.8 × 7 / 6 − 15.59
    assert reading.grade(reading.sentences("The cat sat on the mat.")) == pytest.approx(-1.45)
    assert reading.grade(reading.sentences("The cat sat. The table stands.")) == pytest.approx(-0.6533, abs=1e-3)
    assert reading.grade([]) is None


def test_sentences_stand_on_the_line_of_their_block_and_headings_are_none():
    text = "# A title\n\nOne. Two *words*!\n\n- a thing\n- [a link](https://example.org/very/long) here\n"

    found = reading.sentences(text)

    assert [(one.line, one.text) for one in found] == [
        (3, "One."),
        (3, "Two words!"),
        (5, "a thing"),
        (6, "a link here"),
    ]
    assert reading.words(text) == 10  # “A title” is read, an address is not


def test_a_tag_is_read_as_what_stands_in_its_place():
    (sentence,) = reading.sentences('Hello {{ first_name | default("there") }}, from {{ practitioner_name }}.')
    assert sentence.text == "Hello there, from there."


def test_the_hardest_sentences_are_named_first():
    easy = "We sat on the mat and then we went home to bed."
    hard = "Consequently, rehabilitation professionals recommend our physiotherapeutic interventions immediately."
    harder = hard.replace("immediately", "notwithstanding methodological heterogeneity")

    found = reading.hardest(reading.sentences(f"{easy} {hard}\n\n{harder}"), above=10)

    assert [one.text for one in found] == [harder, hard]
    assert reading.hardest(reading.sentences("Electroencephalography."), above=10) == []  # too short to tell


def test_children_are_six_in_the_first_grade():
    assert [reading.age(grade) for grade in (-3, 1, 7, 12)] == [6, 6, 12, 17]
