"""The reader of report sentences: by hand, and on 200 sentences labelled before it was written."""

import json
import sys
from pathlib import Path

import pytest

from core.errors import ExplorerError
from core.language.claim import ABSENT, UNCERTAIN
from core.language.reader import normalise, read
from core.language.terms import terms
from core.training.indiana import find_reports, indiana_statements

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.reader import agreement

SIGN = {"present": "+", "absent": "-", "uncertain": "?"}


def brief(sentence: str) -> set[str]:
    """ "+left Pleural Effusion" for each claim."""
    return {f"{SIGN[c.polarity]}{c.side or ''} {c.finding}" for c in read(sentence)}


CASES = {
    "Small left pleural effusion.": {"+left Pleural Effusion"},
    "No pneumothorax or pleural effusion.": {"- Pneumothorax", "- Pleural Effusion"},
    "No consolidation, but a right effusion.": {"- Consolidation", "+right Pleural Effusion"},
    "Left effusion and right pneumothorax": {"+left Pleural Effusion", "+right Pneumothorax"},
    "Cardiomegaly without edema": {"+ Cardiomegaly", "- Edema"},
    "Pneumothorax is not seen": {"- Pneumothorax"},
    "Pneumonia cannot be excluded": {"? Pneumonia"},
    "Opacity which may represent pneumonia": {"+ Lung Opacity", "? Pneumonia"},
    "No findings to suggest pneumonia": {"- Pneumonia"},
    "Atelectasis versus infiltrate": {"? Atelectasis", "? Lung Opacity"},
    "Bibasilar atelectasis or infiltrate": {"?both Atelectasis", "?both Lung Opacity"},
    "Heart size and pulmonary vascularity are within normal limits": {"- Cardiomegaly", "- Edema"},
    "The heart is enlarged, the lungs are clear": {
        "+ Cardiomegaly", "- Lung Opacity", "- Consolidation", "- Pneumonia", "- Atelectasis",
        "- Edema", "- Lung Lesion",
    },
    "The left costophrenic angle is blunted": {"+left Pleural Effusion"},
    "The costophrenic angles are sharp": {"- Pleural Effusion"},
    "No acute cardiopulmonary abnormality": {"+ No Finding"},
    "Atelectasis, otherwise no acute cardiopulmonary abnormality": {"+ Atelectasis"},
    "Heart size upper limits of normal": {"? Cardiomegaly"},
    "No lung markings are seen beyond the pleural line": {"+ Pneumothorax"},
    "No vessels reach the left chest wall, where there is pleural air": {"+left Pneumothorax"},
    "Lung markings reach the chest wall": {"- Pneumothorax"},
    "The lungs are free of disease": {
        "- Lung Opacity", "- Consolidation", "- Pneumonia", "- Atelectasis", "- Edema",
        "- Lung Lesion",
    },
    "Prominent lung mass": {"+ Lung Lesion"},
    "Interstitial OEDEMA": {"+ Edema"},
    "R ptx, no L effusion": {"+right Pneumothorax", "-left Pleural Effusion"},
    "Pericardial effusion": set(),
    "Left ventricular pacing lead": {"+ Support Devices"},
    "Dialysis catheter with tip in the right atrium": {"+ Support Devices"},
    "No change in the hiatal hernia": {"+ Hernia"},
    "Without significant change compared to the prior study": set(),
    "The trachea is midline": set(),
    "": set(),
}  # fmt: skip


@pytest.mark.parametrize("sentence", CASES)
def test_what_a_sentence_says(sentence):
    assert brief(sentence) == CASES[sentence]


def test_other_topics_say_nothing_of_the_chest():
    topics = json.loads((Path(__file__).parent / "off_topic.json").read_text(encoding="utf-8"))
    texts = [text for said in topics.values() for text in said]
    assert len(texts) >= 50
    assert [text for text in texts if read(text)] == []


def test_attributes():
    (nodule,) = read("Subtle 1.5 cm nodule in the right upper lobe")
    assert (nodule.kind, nodule.side, nodule.zone) == ("nodule", "right", "upper")
    assert (nodule.severity, nodule.millimetres) == ("mild", 15.0)
    (heart,) = read("Cardiomegaly with marked tortuosity of the aorta")
    assert heart.severity is None
    effusion, pneumothorax = read("Large left effusion and tiny right pneumothorax")
    assert (effusion.severity, pneumothorax.severity) == ("severe", "mild")


def test_a_text_of_several_sentences_is_read_one_by_one():
    assert brief("No effusion. Pneumothorax. ") == {"- Pleural Effusion", "+ Pneumothorax"}


def test_the_cost_grows_with_the_text():
    """A page without an end is read in time that grows with its length."""
    from time import process_time

    def seconds(copies: int) -> float:
        text = "No left effusion or pneumothorax. The heart is mildly enlarged. " * copies
        begin = process_time()
        read(text + str(copies))
        return process_time() - begin

    seconds(1)
    short = max(seconds(200), 1e-3)
    assert min(map(seconds, (2000, 2001))) < 40 * short  # other processes take the cache


def test_normalise_knows_notes_and_spelling():
    assert normalise("L HAEMOTHORAX.") == "left hemothorax"


def test_broken_words_say_which_file(tmp_path):
    broken = tmp_path / "words.toml"
    broken.write_text("[patterns]\n[[term]]\nfinding = 'Edema'\nwords = ['(']\n")
    with pytest.raises(ExplorerError, match="words.toml"):
        terms(broken)


@pytest.fixture(scope="module")
def archive() -> Path:
    path = find_reports()
    if path is None:
        pytest.skip("no Indiana reports: set CXR_DATA, or install torchxrayvision")
    return path


@pytest.mark.slow
def test_agrees_with_the_labels_by_hand(archive):
    result = agreement(archive)
    assert result.sentences == 200
    assert result.precision > 0.90 and result.recall > 0.90 and result.side > 0.93


@pytest.mark.slow
def test_sentences_of_the_reports_by_finding(archive):
    lists = indiana_statements(archive)
    for finding in ("Cardiomegaly", "Pleural Effusion", "Consolidation", "Lung Lesion"):
        assert len(lists[finding, "present"]) > 100 and len(lists[finding, "absent"]) > 100
    assert not any("xxxx" in sentence for said in lists.values() for sentence in said)


@pytest.mark.parametrize("text", [
    "the film is negative for pneumothorax", "any effusion? none", "pleural air nil",
    "pneumothoraces are lacking on both sides", "pacing devices are all missing",
    "wires and tubes cannot be seen", "effusion: no", "the chest is negative",
])
def test_what_answers_in_few_words_denies(text: str) -> None:
    assert {claim.polarity for claim in read(text)} <= {ABSENT}, read(text)


def test_a_question_alone_is_in_doubt() -> None:
    assert [claim.polarity for claim in read("any effusion?")] == [UNCERTAIN]
