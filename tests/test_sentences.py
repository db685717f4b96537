"""Where sentences of reports end: lists, abbreviations and what was removed are no sentences."""

import time

import pytest

from core.studies.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("1. Normal heart. 2. No effusion.", ["Normal heart.", "No effusion."]),
        ("1) Normal heart.\n2) No effusion.", ["Normal heart.", "No effusion."]),
        ("(1) Normal heart. (2) No effusion.", ["Normal heart.", "No effusion."]),
        ("1. normal heart\n2. no effusion", ["normal heart", "no effusion"]),
        ("1 . Normal heart. 2 . No effusion.", ["Normal heart.", "No effusion."]),
        ("1.) Normal.\n 2.) Clear.", ["Normal.", "Clear."]),
        ("IMPRESSION: 1. Mild edema. 2. No effusion.", ["IMPRESSION: Mild edema.", "No effusion."]),
        ("IMPRESSION:\n1. Mild edema.\n3. Clear.", ["Mild edema.", "Clear."]),
        ("A. Mild edema. B. No effusion.", ["Mild edema.", "No effusion."]),
        ("a) Mild edema.\nb) No effusion.", ["Mild edema.", "No effusion."]),
        ("- Mild edema.\n* No effusion.\n• Clear.", ["Mild edema.", "No effusion.", "Clear."]),
        ("1. Clear.\n\n1. Normal.\n2. Clear.", ["Clear.", "Normal.", "Clear."]),
        ("Clear.\n1.\n2.", ["Clear."]),
        ("1. 2 cm nodule. 2. 3 rib fractures.", ["2 cm nodule.", "3 rib fractures."]),
        ("1. No change since 2. March.", ["No change since 2.", "March."]),
    ],
)
def test_numbers_of_a_list_are_no_sentences(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


@pytest.mark.parametrize(
    "text",
    [
        "Seen by Dr. Wu.", "SEEN BY DR. WU.", "Discussed with Mrs. Li and Prof. Ono.",
        "Read by J. R. Smith.", "Told to Dr. A. Kim at 5 p.m.", "Edema vs. Pneumonia.",
        "Line placed, i.e. PICC line.", "Tube of approx. 3 cm.", "See Fig. 2.", "No. 2 drain.",
        "Compared with Jan. 3 film.", "A 1.5 cm nodule.", "Rib 7. rechts.", "7. Rippe gebrochen.",
        "Seen at 10:30, clear.", "C. difficile colitis.", "Visit to St. Mary hospital.",
    ],
)  # fmt: skip
def test_no_sentence_ends_at_an_abbreviation(text: str) -> None:
    assert split_sentences(text) == [text]
    assert split_sentences(f"{text} Heart is normal.") == [text, "Heart is normal."]


@pytest.mark.parametrize(
    "text",
    ["Correlate with MR. ", "History of MS. ", "Seen at 10:30. ", "Stable since image 1. ",
     "Hepatitis B. ", "Pneumothorax: no. ", "Nodule of 5 mm. ", "Ratio 1: 2. "],
)  # fmt: skip
def test_but_it_does_after_words_that_look_like_one(text: str) -> None:
    assert split_sentences(f"{text}No effusion.") == [text.strip(), "No effusion."]


@pytest.mark.parametrize(
    "text", ["1.", "2. ", "XXXX.", "XXXX XXXX 1.", "___.", "...", "IMPRESSION:", "-"]
)
def test_what_says_nothing_is_none(text: str) -> None:
    assert split_sentences(text) == []
    assert split_sentences(f"Clear lungs.\n{text}") == ["Clear lungs."]


def test_letters_of_other_languages_begin_sentences() -> None:
    assert split_sentences("Größe normal. Übrige Lunge frei.") == [
        "Größe normal.", "Übrige Lunge frei."]  # fmt: skip


def test_long_reports_take_time_in_proportion() -> None:
    def seconds(n: int) -> float:
        text = "1. Small effusion. Dr. Wu was told. " * n
        start = time.process_time()
        split_sentences(text)
        return time.process_time() - start

    seconds(500)
    long = min(map(seconds, (8000, 8001)))  # other processes take the cache
    assert long < 40 * max(seconds(500), 0.002)
