"""Twins differ in one thing alone, and what a slice owes to it is told from what it does not."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from core.analysis.twins import Sides, TwinDifference, both_sides, slice_sides, twin_report
from core.metrics.auc import roc_auc
from core.metrics.bootstrap import Interval
from core.phantom.case import sample_case
from core.phantom.render import render
from core.phantom.twins import CHANGES, twins
from core.studies.phantom_set import PhantomSet

CASES = [sample_case(index, 5, "test") for index in range(12)]


@pytest.mark.parametrize("name", list(CHANGES))
def test_twins_differ_in_one_field_alone(name):
    change = CHANGES[name]
    low, high = twins(change, CASES, *change.usual)
    for first, second in zip(low, high, strict=True):
        one, two = asdict(first), asdict(second)
        assert len([key for key in one if one[key] != two[key]]) == 1
        assert change.of(first) == pytest.approx(change.usual[0])
        assert change.of(second) == pytest.approx(change.usual[1])
    pictures = [render(one[0], 64).image for one in (low, high)]
    assert (pictures[0] == pictures[1]).all() == (name == "age")  # which is told and not drawn


def test_a_device_is_drawn_where_it_lies_and_other_findings_stay():
    plain, wired = twins(CHANGES["device"], CASES, 0, 1)
    assert not any(case.of("Support Devices") for case in plain)
    assert all(case.of("Support Devices") for case in wired)
    again = twins(CHANGES["device"], CASES, 0, 1)[1]
    assert again == wired
    own = [case for case in CASES if case.of("Support Devices")]
    assert own and all(twins(CHANGES["device"], [case], 0, 1)[1][0].findings for case in own)
    case = next(k for k, one in enumerate(CASES) if not one.of("Support Devices"))
    first, second = render(plain[case], 128), render(wired[case], 128)
    mask = second.masks["Support Devices"]
    change = np.abs(second.image.astype(float) - first.image)
    assert change[mask].mean() > 3 * change[~mask].mean()


def test_vessels_of_the_usual_calibre_are_those_of_every_phantom():
    case = CASES[0]
    assert case.vessels == 1
    thick = render(replace(case, vessels=1.4), 128).image.astype(float)
    thin = render(replace(case, vessels=0.6), 128).image
    assert (thick - thin).mean() > 0.5  # blood is dense


def test_a_set_of_cases_has_their_labels_and_a_fingerprint_of_its_own():
    low, high = twins(CHANGES["device"], CASES, 0, 1)
    sets = [PhantomSet.of_cases(half, 64, f"device={k}") for k, half in enumerate((low, high))]
    assert sets[0].fingerprint != sets[1].fingerprint
    assert sets[0].table["Support Devices"].sum() == 0 and sets[1].table["Support Devices"].all()
    assert (sets[1].image(3) == render(high[3], 64).image).all()


def _sides(shift: float, slice_shift: float, n: int = 400, seed: int = 0) -> tuple[Sides, Sides]:
    """Twins whose negatives move by `shift`, and a set whose high side's move by `slice_shift`."""
    rng = np.random.default_rng(seed)
    truth = (np.arange(n) % 2).astype(float)[:, None]
    low = 2 * truth + rng.normal(size=(n, 1))
    twin = both_sides(low, low + shift * (1 - truth), truth)
    side = rng.integers(0, 2, n)
    scores = 2 * truth + rng.normal(size=(n, 1)) + slice_shift * side[:, None] * (1 - truth)
    return twin, Sides(scores, truth, side, np.arange(n))


@pytest.mark.parametrize(
    ("shift", "slice_shift", "verdict"),
    [(1.0, 1.0, "causal"), (0.0, 1.0, "confounded"), (0.5, 2.0, "causal in part"),
     (0.0, 0.0, "no difference"), (-1.0, 1.0, "confounded")],
)  # fmt: skip
def test_what_twins_do_not_show_is_confounded(shift, slice_shift, verdict):
    twin, in_set = _sides(shift, slice_shift)
    report = twin_report("x", ("low", "high"), ["Edema"], twin, in_set, None, 300)
    told = {one.figure: one for one in report.comparisons}
    assert told["without"].verdict == told["auc"].verdict == verdict
    assert told["with"].verdict == "no difference"
    assert told["without"].twins.value == pytest.approx(shift)
    high, low = (in_set.side == 1), (in_set.side == 0)
    gap = (roc_auc(in_set.truth[high, 0], in_set.scores[high, 0])
           - roc_auc(in_set.truth[low, 0], in_set.scores[low, 0]))  # fmt: skip
    assert told["auc"].in_set.value == pytest.approx(gap)
    assert verdict in report.table()


def test_where_no_slice_is_there_the_effect_alone_is_told():
    twin, _ = _sides(1.0, 0.0)
    report = twin_report("x", ("low", "high"), ["Edema"], twin, None, None, 200)
    told = {one.figure: one.verdict for one in report.comparisons}
    assert told == {"auc": "an effect, no slice", "with": "no effect shown",
                    "without": "an effect, no slice"}  # fmt: skip
    few, _ = _sides(1.0, 0.0, n=12)
    assert {one.verdict for one in twin_report("x", ("", ""), ["Edema"], few).comparisons} == {
        "too few films"
    }


def test_an_uncertain_pair_is_undecided():
    wide, clear = Interval(0.1, -0.5, 0.7), Interval(0.4, 0.2, 0.6)
    assert TwinDifference("Edema", "auc", wide, clear, wide, 0.7, 0.001).verdict == "undecided"


def test_sides_of_a_set_are_its_outer_quarters():
    values = np.array([0.3, -1.0, 0.0, 2.0, 0.1, -0.2, 0.2, 1.0])
    assert slice_sides(values, True).tolist() == [-1, 0, -1, 1, -1, 0, -1, 1]
    assert slice_sides(np.array([0.0, 1.0]), False).tolist() == [0, 1]
    assert set(slice_sides(np.ones(8), True)) == {-1}
