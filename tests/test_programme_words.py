"""Words a health practice must not use are refused with their line; honest sentences pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.programme import words

CLAIMS = [
    ("Massage cures back pain.", "may ease for a while"),
    ("a cure for sore backs", "may ease for a while"),
    ("You will be cured.", "may ease for a while"),
    ("We FIX backs.", "helps with"),
    ("a quick fix for your QL", "helps with"),
    ("It realigns your spine.", "move more easily"),
    ("for re‑alignment of the pelvis", "move more easily"),
    ("This corrects your posture.", "vary how you sit"),
    ("correcting a bad posture", "vary how you sit"),
    ("posture correction for everyone", "vary how you sit"),
    ("It releases toxins.", "relaxing"),
    ("flushes out all those toxins", "relaxing"),
    ("a gentle detox", "relaxing"),
    ("It prevents recurrence.", "lower the risk of a new episode"),
    ("preventing pain from coming back", "lower the risk of a new episode"),
    ("It keeps the ache from returning.", "lower the risk of a new episode"),
    ("Relief guaranteed.", "many people find"),
    ("We guarantee it.", "many people find"),
    ("a drug-free treatment", "an approach without medicine"),
    ("drug free, of course", "an approach without medicine"),
    ("treatment without drugs", "an approach without medicine"),
]

QUESTIONS = [
    "Tell us your symptoms.",
    "Reply and tell me about your back pain.",
    "Please describe your pain.",
    "Send me a list of all your symptoms.",
    "Where does it hurt?",
    "Write back and show me where it hurts.",
    "What are your symptoms?",
    "How bad is your pain today?",
]

HONEST = [
    "There is no cure, and I do not promise one.",
    "It isn’t a quick fix.",
    "I cannot guarantee that.",
    "Massage does not release toxins.",
    "There is no such thing as a correct posture.",
    "You can forget about perfect posture.",
    "It is an approach without medicine. Do not stop a prescribed one without your doctor.",
    "Exercise lowers the risk of a new episode.",
    "Why does the ache keep coming back?",
    "Stop if it keeps returning.",
    "A fixed price of £60. We will fix a date.",
    "A secure page, a pedicure, an accurate and curious reader.",
    "Please don’t send me your symptoms.",
    "Describe your pain to your doctor.",
    "Tell your doctor about your symptoms.",
    "What would you like help with?",
    "Yes, send me the back pain course.",
]

TWO_FACED = [
    "No other therapy cures it like this.",
    "It not only cures, it lasts.",
    "Why not cure it for good?",
    "Nothing fixes a back faster.",
]


@pytest.mark.parametrize(("text", "better"), CLAIMS)
def test_a_claim_is_refused_and_better_words_are_offered(text: str, better: str) -> None:
    [problem] = words.check(text)
    assert better in problem.text


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_about_symptoms_is_refused(text: str) -> None:
    [problem] = words.check(text)
    assert "health data" in problem.text
    assert "what would you like help with?" in problem.text


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_sentence_passes(text: str) -> None:
    assert words.check(text) == []


@pytest.mark.parametrize("text", TWO_FACED)
def test_a_boast_built_with_a_negation_is_refused(text: str) -> None:
    assert words.check(text)


@pytest.mark.parametrize(
    "text",
    [
        "it **cu**res all",
        "it *cures* all",
        "corrects\nyour\nposture",
        "releases\n> toxins",
        "GUARANTEED",
        "gua\u00adranteed",
        "[cures](https://example.org)",
        "drug-\nfree",
    ],
)
def test_emphasis_line_breaks_and_capitals_hide_nothing(text: str) -> None:
    assert words.check(text)


def test_the_address_of_a_link_is_not_read() -> None:
    assert words.check("Read [this review](https://example.org/cures-and-fixes) or https://example.org/cure") == []


def test_a_claim_is_not_put_together_from_two_paragraphs() -> None:
    assert words.check("# What we correct\n\nPosture is a habit.\n\n- to prevent\n- returning") == []


def test_each_problem_names_its_line() -> None:
    text = "Fine.\n\nIt cures.\nFine, too,\nand it corrects\nyour posture.\n"
    assert [problem.line for problem in words.check(text)] == [3, 5]
    assert [problem.line for problem in words.check(text, first_line=11)] == [13, 15]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200), st.integers(0, 5))
def test_a_claim_is_found_on_its_line_whatever_stands_before_it(before: str, empty_lines: int) -> None:
    text = before + "\n\n" + "\n" * empty_lines + "Guaranteed."
    last = words.check(text)[-1]
    assert last.line == text.count("\n") + 1
