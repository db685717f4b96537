"""Cases: repeatable, apart between splits, with stated prevalences and possible anatomy."""

from collections import Counter
from functools import cache

import numpy as np
import pytest

from core.labels import PHANTOM_FINDINGS
from core.phantom.case import KINDS, SPLITS, Case, sample_case

N = 4000


@cache
def cases() -> list[Case]:
    return [sample_case(index, 0, "train") for index in range(N)]


def rate(name: str, among: list[Case]) -> float:
    return float(np.mean([case.labels[name] for case in among]))


def with_finding(name: str, there: bool = True) -> list[Case]:
    return [case for case in cases() if bool(case.labels[name]) == there]


def test_the_same_arguments_give_the_same_case():
    assert sample_case(7, 3, "val") == sample_case(7, 3, "val")
    assert len({sample_case(7, seed, split).seed for seed in (0, 1) for split in SPLITS}) == 6


def test_an_anchored_case_never_changes():
    """A change here changes every phantom, and with it every published figure."""
    case = sample_case(4, 0, "test")
    assert [(f.name, f.kind, f.side, f.zone) for f in case.findings] == [
        ("Cardiomegaly", "global", "midline", ""),
        ("Pneumothorax", "apical", "right", "apical"),
        ("Lung Lesion", "nodule", "right", "lower"),
        ("Atelectasis", "linear", "left", "basal"),
    ]
    assert case.view == "AP" and case.heart_ratio == pytest.approx(0.5238796963682253, abs=1e-12)


def test_splits_share_no_case():
    seeds = {split: {sample_case(i, 0, split).seed for i in range(2000)} for split in SPLITS}
    assert all(len(each) == 2000 for each in seeds.values())
    assert not seeds["train"] & seeds["val"] and not seeds["train"] & seeds["test"]
    assert not seeds["val"] & seeds["test"]


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="train, val, test"):
        sample_case(0, 0, "dev")


@pytest.mark.parametrize("name", PHANTOM_FINDINGS)
def test_prevalence_is_12_to_30_percent(name):
    assert 0.12 < rate(name, cases()) < 0.30


def test_about_a_fifth_has_nothing_and_labels_agree():
    assert 0.17 < rate("No Finding", cases()) < 0.23
    for case in cases():
        assert tuple(case.labels) == PHANTOM_FINDINGS
        assert case.labels["No Finding"] == (not case.findings)
        assert sum(case.labels.values()) >= 1


def test_severity_is_distributed_as_stated():
    severity = np.array([finding.severity for case in cases() for finding in case.findings])
    expected = np.random.default_rng(1).beta(2.0, 1.5, 100_000)
    shares = np.linspace(0.05, 0.95, 19)
    assert np.abs(np.quantile(severity, shares) - np.quantile(expected, shares)).max() < 0.02
    assert severity.min() >= 0 and severity.max() <= 1


def test_findings_go_together_as_in_patients():
    failing = with_finding("Edema")
    assert rate("Cardiomegaly", failing) > 2 * rate("Cardiomegaly", with_finding("Edema", False))
    effusion, none = with_finding("Pleural Effusion"), with_finding("Pleural Effusion", False)
    assert rate("Edema", effusion) > 1.5 * rate("Edema", none)
    assert rate("Fracture", with_finding("Pneumothorax")) > 1.5 * rate("Fracture", cases())
    bedside = [case for case in cases() if case.view == "AP"]
    assert rate("Support Devices", bedside) > 2 * rate("Support Devices", cases()) * 0.75
    assert 0.2 < len(bedside) / N < 0.45


def test_a_large_heart_is_the_only_ratio_above_a_half():
    for case in cases():
        assert (case.heart_ratio > 0.5) == bool(case.of("Cardiomegaly"))
        assert 0.38 <= case.heart_ratio <= 0.65


def test_anatomy_is_possible():
    for case in cases():
        air = {finding.side for finding in case.of("Pneumothorax")}
        fluid = {finding.side for finding in case.of("Pleural Effusion")}
        assert len(case.of("Pneumothorax")) <= 1 and air <= {"left", "right"}
        assert not (air & fluid) and not (air and "bilateral" in fluid)
        for finding in case.findings:
            if finding.name == "Edema":
                assert finding.side == "bilateral"
            if finding.kind == "lobar":
                assert (finding.side, finding.zone) != ("left", "middle")
            if finding.kind == "endotracheal tube":
                assert case.view == "AP"
            if finding.kind == "rib" and air:
                assert finding.side in air


def test_every_kind_is_drawn_with_sides_and_zones_of_the_contract():
    seen = Counter((f.name, f.kind) for case in cases() for f in case.findings)
    assert set(seen) == {(name, kind) for name, kinds in KINDS.items() for kind in kinds}
    assert min(seen.values()) > 0.02 * N
    for case in cases():
        for finding in case.findings:
            assert finding.side in ("left", "right", "bilateral", "midline")
            assert finding.zone in ("upper", "middle", "lower", "apical", "basal", "")
        places = [(f.name, f.kind, f.side, f.zone) for f in case.findings]
        assert len(set(places)) == len(places)


def test_the_exposure_stays_within_its_stated_ranges():
    for case in cases():
        assert case.view in ("PA", "AP") and case.sex in ("F", "M") and 18 <= case.age <= 95
        assert 0 <= case.habitus <= 1 and 0 <= case.inspiration <= 1 and -1 <= case.exposure <= 1
        assert abs(case.rotation_deg) <= 9 and abs(case.tilt_deg) <= 9 and 0.9 < case.scale < 1.1
