"""The health words of the other languages: claims are refused with their line, honest sentences pass."""

import pytest

from funnel import languages
from funnel.programme import claims_elsewhere, words

CLAIMS = {
    "it": [
        "Il massaggio guarisce il mal di schiena.", "Una cura per la schiena.", "Risolve il problema.",
        "Riallinea la colonna.", "Corregge la Sua postura.", "Libera dalle tossine.", "Previene le ricadute.",
        "Risultati garantiti.", "Una terapia senza farmaci.", "Mi scriva dei Suoi sintomi.", "Dove Le fa male?",
    ],
    "de": [
        "Massage heilt Rückenschmerzen.", "Heilung für den Rücken.", "Das behebt den Schmerz.",
        "Wir können Wirbel einrenken.", "Das korrigiert Ihre Haltung.", "Es löst Giftstoffe.",
        "Das verhindert Rückfälle.", "Garantiert schmerzfrei.", "Eine Behandlung ohne Medikamente.",
        "Schreiben Sie mir Ihre Symptome.", "Wo tut es weh?",
    ],
    "fr": [
        "Le massage guérit le mal de dos.", "Cela répare votre dos.", "Il réaligne la colonne.",
        "Cela corrige votre posture.", "Cela libère les toxines.", "Cela évite les rechutes.",
        "Résultat garanti.", "Un traitement sans médicaments.", "Décrivez-moi vos douleurs.", "Où avez-vous mal ?",
    ],
    "es": [
        "El masaje cura el dolor.", "Arregla la espalda.", "Realinea la columna.", "Corrige su postura.",
        "Libera toxinas.", "Evita las recaídas.", "Resultados garantizados.", "Un tratamiento sin medicamentos.",
        "Cuénteme sus síntomas.", "¿Dónde le duele?",
    ],
}  # fmt: skip
HONEST = {
    "it": [
        "Non esiste una cura per questo.", "Si prenda cura della Sua schiena.", "Il massaggio non guarisce.",
        "Non posso promettere una guarigione.", "Con gli esercizi può dare sollievo.", "Non garantisco nulla.",
        "Descriva i dolori al Suo medico.", "Mi scriva senza sintomi, per favore.",
    ],
    "de": [
        "Massage heilt nicht.", "Es gibt keine Heilung auf Knopfdruck.", "Ihr Heilpraktiker kennt das.",
        "Das kann ich nicht garantieren.", "Es kann eine Weile lindern.", "Massage heilt Rückenschmerzen nicht.",
        "Schreiben Sie mir bitte keine Symptome.",
    ],
    "fr": [
        "Le massage ne guérit pas.", "Prenez soin de votre dos.", "Je n’ai aucune garantie.",
        "Il peut soulager un moment.", "Écrivez-moi sans parler de symptômes.",
    ],
    "es": [
        "El masaje no cura.", "No hay cura rápida.", "Procure moverse.", "Sin garantías.", "Puede aliviar un tiempo.",
        "Escríbame, pero no síntomas.",
    ],
}  # fmt: skip
BOTH = list(CLAIMS)


def test_every_language_has_its_rules():
    assert set(claims_elsewhere.RULES) == {language.code for language in languages.known()[1:]}


@pytest.mark.parametrize("code", BOTH)
def test_a_claim_is_refused_with_its_line(code):
    for claim in CLAIMS[code]:
        found = words.check(f"Bene.\n\n**{claim}**", language=code)
        assert [problem.line for problem in found] == [3], claim


@pytest.mark.parametrize("code", BOTH)
def test_an_honest_sentence_passes(code):
    for said in HONEST[code]:
        assert words.check(said, language=code) == [], said


def test_better_words_are_offered_in_the_language():
    assert "può dare sollievo" in words.check("Guarisce.", language="it")[0].text


def test_the_rules_of_english_hold_for_english_alone():
    assert words.check("This cures.") != []
    assert words.check("Die Kur: cures fix.", language="de") == []
