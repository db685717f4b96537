"""Sentences about findings: each says its own finding, that polarity and that side."""

import numpy as np
import pytest

from core.errors import ExplorerError
from core.labels import PATHOLOGIES
from core.language.claim import ABSENT, KINDS, PRESENT, UNCERTAIN
from core.language.phrases import descriptions, vocabularies
from core.language.reader import read
from core.language.statements import COUNTED, DEGREES, NAMES, counted, phrases, statements
from core.language.style import british, telegram

COMMON = (
    "Cardiomegaly", "Lung Opacity", "Lung Lesion", "nodule", "mass", "Edema", "Consolidation",
    "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Fracture", "rib", "pacemaker",
    "endotracheal tube", "central line", "enteric tube", "Support Devices", "No Finding",
    "Emphysema", "Fibrosis",
)  # fmt: skip
SIGNS = ("inflat", "expan", "lucent", "flatten")  # of emphysema: the reader is not sure of them


def finding_of(name: str) -> str:
    return KINDS.get(name, name)


def test_every_finding_and_device_has_words():
    assert set(PATHOLOGIES) <= set(NAMES)
    assert {"nodule", "mass", "Emphysema", "Fibrosis", "Hernia"} <= set(NAMES)
    assert {"pacemaker", "endotracheal tube", "central line", "enteric tube"} <= set(NAMES)


@pytest.mark.parametrize("name", COMMON)
def test_common_findings_are_said_in_many_ways(name):
    assert len(phrases(name, True)) >= 25
    denials = {text for kind in NAMES if finding_of(kind) == finding_of(name)
               for text in phrases(kind, False)}  # fmt: skip
    assert len(denials) >= 15


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("present", [True, False])
def test_the_reader_reads_every_phrase_as_its_finding(name, present):
    for text in phrases(name, present):
        claims = [claim for claim in read(text) if claim.finding == finding_of(name)]
        if name == "Emphysema" and present and any(sign in text for sign in SIGNS):
            assert claims[0].polarity == UNCERTAIN, text
            continue
        assert {claim.polarity for claim in claims} == {PRESENT if present else ABSENT}, text
        if name in KINDS and present:
            assert claims[0].kind in ("", name), text


@pytest.mark.parametrize(("name", "present"), sorted(descriptions()))
def test_no_description_is_read_as_something_else(name, present):
    """It names nothing as a rule, or else what it is of; its writer knows what it says of that."""
    texts = descriptions()[name, present]
    assert len(texts) >= 20
    for text in texts:
        named = {claim.finding for claim in read(text)}
        assert not named or named & {finding_of(name), "Lung Opacity"}, text


def test_no_phrase_stands_under_two_names():
    owner: dict[str, str] = {}
    for name in NAMES:
        for text in (*phrases(name, True), *phrases(name, False)):
            assert owner.setdefault(text.lower(), name) == name, text


@pytest.mark.parametrize("name", [n for n in NAMES if n != "No Finding"])
def test_statements_keep_side_polarity_and_degree(name):
    rng = np.random.default_rng(7)
    lateral = vocabularies()[name].lateral
    for number in range(120):
        present, doubt = number % 3 != 0, number % 9 == 1
        side = ("left", "right", "both", None)[number % 4]
        degree = (*DEGREES, None)[number % 4]
        text = statements(name, present, side, degree, rng=rng, uncertain=doubt)
        claims = [claim for claim in read(text) if claim.finding == finding_of(name)]
        wanted = {UNCERTAIN if doubt else PRESENT} if present else {ABSENT}
        if name == "Emphysema" and present:
            wanted.add(UNCERTAIN)
        assert claims and {claim.polarity for claim in claims} <= wanted, text
        if present and lateral:
            assert {claim.side for claim in claims} == {side}, text
        if present and degree:
            assert {claim.severity for claim in claims} <= {None, degree}, text


def test_a_kind_is_said_by_general_words_too_and_a_lesion_never_by_a_kind():
    rng = np.random.default_rng(0)
    said = [statements("nodule", True, rng=rng, styled=False) for _ in range(200)]
    assert any("nodul" not in text for text in said)
    lesions = [statements("Lung Lesion", True, rng=rng, styled=False) for _ in range(400)]
    assert not any("nodul" in text or "mass" in text for text in lesions)


@pytest.mark.parametrize("name", COUNTED)
def test_counts_are_said_and_read(name):
    rng = np.random.default_rng(2)
    words = {1: ("one", "single", "solitary"), 2: ("two",), 3: ("three",),
             5: ("multiple", "several", "5")}  # fmt: skip
    for count, said in words.items():
        for _ in range(8):
            text = counted(name, count, "left", rng=rng)
            assert any(word in text for word in said), text
            (claim,) = read(text)
            assert (claim.finding, claim.side) == (finding_of(name), "left"), text
            assert claim.polarity == PRESENT


def test_the_same_stream_gives_the_same_sentences():
    first, second = (
        [statements("Edema", True, rng=rng) for _ in range(20)]
        for rng in (np.random.default_rng(3), np.random.default_rng(3))
    )
    assert first == second and len(set(first)) > 10


def test_styles():
    assert british("tumor with edema") == "tumour with oedema"
    assert telegram("there is a fracture of the left clavicle") == "fracture of left clavicle"


def test_a_broken_vocabulary_says_which_file(tmp_path):
    (tmp_path / "x.toml").write_text('finding = "Measles"\n')
    with pytest.raises(ExplorerError, match="x.toml"):
        vocabularies(tmp_path)
