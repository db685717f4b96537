"""The lab's measurements: ideal observer, efficiency, response curves, sets of patients."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import ExplorerError
from core.inference.predictor import Predictor, load_predictor
from core.lab.answer import ask, on_target
from core.lab.bench import Bench
from core.lab.curves import changed, square, sweep
from core.lab.ideal import ideal_dprime, matched_filter
from core.lab.observer import Observed, exposed, forgetful, observe
from core.paths import ROOT
from core.phantom.detector import mean_signal, noise_sd
from core.phantom.patient import (
    anatomies,
    parse_patient,
    twins_of,
    with_changed,
    with_value,
    without_finding,
)
from core.specs import open_studies
from core.studies.patient_file import patients_text, read_patients
from explorer import access

NODULE = "seed=7;nodule,x=-6.5,y=10,radius=1.2"
TEXT = "right lung nodule"


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return load_predictor("demo")


def test_the_ideal_observer_detects_as_often_as_its_index_says() -> None:
    """Against a plain simulation: noise drawn many times, the template read on each film."""
    patient = parse_patient("seed=7,noise=5;nodule,x=-6.5,y=10,radius=0.6,contrast=0.5")
    bench, case = Bench(48), patient.case
    present, absent = bench.draw(case), bench.draw(without_finding(patient, 0).case)
    told = ideal_dprime(present, absent, case)
    template, _ = matched_filter(present, absent, case)
    rng, read = np.random.default_rng(0), []
    for drawn in (absent, present):
        mean = mean_signal(drawn.line, drawn.raster).astype(np.float64)
        spread = noise_sd(mean.astype(np.float32), drawn.raster, case)
        films = mean + spread * rng.standard_normal((800, *mean.shape))
        read.append((films * template).sum(axis=(1, 2)))
    simulated = (read[1].mean() - read[0].mean()) / np.sqrt((read[0].var() + read[1].var()) / 2)
    assert 1 < told < 4, "too easy or too hard to be told apart by so few films"
    assert told == pytest.approx(simulated, rel=0.08)


def test_the_ideal_index_knows_noise_size_and_nothing() -> None:
    bench, patient = Bench(64), parse_patient(NODULE)

    def index(text: str) -> float:
        one = parse_patient(text)
        absent = bench.draw(without_finding(one, 0).case)
        return ideal_dprime(bench.draw(one.case), absent, one.case)

    usual = index(NODULE)
    assert index(NODULE.replace("7;", "7,noise=2;")) == pytest.approx(usual / 2, rel=1e-4)
    assert index(f"{NODULE},contrast=0") == 0
    assert index(NODULE.replace("1.2", "0.6")) < usual / 2
    assert index(NODULE.replace("7;", "7,exposure=0.8;")) > 1.2 * usual
    with pytest.raises(ExplorerError, match="no limit"):
        index(NODULE.replace("7;", "7,noise=0;"))
    again = exposed(bench.draw(patient.case), patient, 3)
    assert (again == bench.draw(replace(patient, repeat=3).case).image).all()


def test_efficiency_by_hand() -> None:
    """Two anatomies: means 10 apart, exposures of variance 2; the ideal observer has d' 20."""
    scores = np.array([[[0.0, 2.0], [10.0, 12.0]], [[5.0, 3.0], [13.0, 15.0]]])
    seen = Observed(parse_patient(NODULE), scores, np.array([20.0, 20.0]))
    d_prime = 10 / np.sqrt(2)
    assert seen.model(50).value == pytest.approx(d_prime)
    assert seen.ideal_mean(50).value == 20
    assert seen.efficiency(50).value == pytest.approx((d_prime / 20) ** 2)
    sides = np.array([[0, 2, 5, 3], [10, 12, 13, 15]], float)
    across = 10 / np.sqrt(sides.var(axis=1, ddof=1).mean())
    assert seen.between(50).value == pytest.approx(across)
    falls = Observed(seen.patient, scores[:, ::-1], seen.ideal)
    assert falls.model(50).value < 0 and falls.efficiency(50).value == 0


def test_a_model_sees_a_lesion_and_nothing_of_no_contrast(predictor: Predictor) -> None:
    seen = observe(predictor, parse_patient(NODULE), 0, TEXT, n=2, repeats=3)
    assert seen.model(50).value > 5 and 0 < seen.efficiency(50).value < 1
    nothing = observe(predictor, parse_patient(f"{NODULE},contrast=0"), 0, TEXT, n=2, repeats=3)
    assert abs(nothing.model(50).value) < 3 and (nothing.ideal == 0).all()
    assert (nothing.scores[:, 0] != nothing.scores[:, 1]).any(), "each exposure has its own noise"
    lost = observe(forgetful(predictor, TEXT), parse_patient(NODULE), 0, TEXT, n=2, repeats=2)
    assert abs(lost.model(50).value) < seen.model(50).value / 2
    assert json.dumps(seen.to_json())


def test_a_sweep_is_what_is_asked_one_by_one(predictor: Predictor) -> None:
    patient = parse_patient(NODULE)
    swept = sweep(predictor, patient, 0, "radius", [0.4, 1.2], TEXT, n=2, methods=["lrclr"])
    told = {curve.measure: curve.points for curve in swept.curves}
    assert list(told) == ["score", "AUC over patients", "weight on the finding", "lrclr hits"]
    bench, scores, weights = Bench(224), [], []
    for one in anatomies(patient, 2, 0):
        drawn = bench.draw(with_changed(one, 0, radius=1.2).case)
        answer = ask(predictor, drawn, TEXT)
        scores.append(answer.score)
        weights.append(on_target(answer, drawn.mask_of(0)))
    assert told["score"][1].value == pytest.approx(np.mean(scores), abs=1e-4)
    assert told["weight on the finding"][1].value == pytest.approx(np.mean(weights), abs=1e-5)
    assert told["AUC over patients"][1].value == 1 and told["score"][1].value > swept.without.value
    own = sweep(predictor, parse_patient(""), -1, "exposure", [0.0], TEXT, n=2)
    assert [curve.measure for curve in own.curves] == ["score"]
    for name, value in (("severity", 0.5), ("age", 1), ("radius", 9), ("side", 1)):
        with pytest.raises(ExplorerError):
            sweep(predictor, patient, 0, name, [value], TEXT, n=2)


def test_places_outside_the_lung_are_left_out(predictor: Predictor) -> None:
    seen = square(predictor, parse_patient(NODULE), 0, ("x", [-7.0, 0.0]), ("y", [10.0, 3.0]),
                  "lung nodule", n=2)  # fmt: skip
    assert np.isnan(seen.auc).tolist() == [[False, True], [True, True]]
    assert seen.auc[0, 0] > 0.7 and seen.target[0, 0] > 0.05
    assert "." in seen.table()
    assert changed(parse_patient(NODULE), 0, "habitus", 0.9).habitus == 0.9


def test_a_file_of_patients_is_a_set_and_the_owner_s_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [side for one in anatomies(parse_patient(NODULE), 3, 1) for side in twins_of(one, 0)]
    file = tmp_path / "twins.txt"
    file.write_text("# twins\n\n" + patients_text(pairs))
    studies = open_studies(f"phantom:{file}")
    assert len(studies) == 6 and studies.labels["Lung Lesion"].tolist() == [0, 1] * 3
    assert (studies.image(1) == Bench(224).draw(pairs[1].case).image).all()
    assert studies.masks(1).keys() == {"Lung Lesion"}
    again = tmp_path / "again.txt"
    again.write_text(patients_text(pairs))
    assert open_studies(f"phantom:{again}").fingerprint == studies.fingerprint
    with pytest.raises(ExplorerError, match="line 2"):
        read_patients("seed=1\ncough=2\n")
    with pytest.raises(ExplorerError, match="no patient"):
        read_patients("# nobody")
    with pytest.raises(ExplorerError, match=r"gone\.txt"):
        open_studies(f"phantom:{tmp_path}/gone.txt")
    visitor = access.Connection("192.168.1.20", {"Host": "192.168.1.5:8501"})
    monkeypatch.setattr(access, "connection", lambda: visitor)
    with pytest.raises(ExplorerError):
        access.check_set(f"phantom:{file}")


def test_the_command_measures_and_writes_sets(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "core", "lab", *words]
        return subprocess.run(line, cwd=ROOT, capture_output=True, text=True)

    done = run("set", "--out", str(tmp_path / "a.txt"), "--n", "2", "--change", "radius",
               "--values", "0.4:1.2:3")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(read_patients((tmp_path / "a.txt").read_text())) == 6
    told = run("observer", "--n", "2", "--repeats", "2", "--json", str(tmp_path / "o.json"))
    assert told.returncode == 0 and "ideal d-prime" in told.stdout, told.stderr
    assert json.loads((tmp_path / "o.json").read_text())["observed"][0]["model"][0] > 3
    assert run("observer", "--patient", "cough=1").returncode == 2


def test_values_stay_in_their_range() -> None:
    patient = parse_patient(NODULE)
    with pytest.raises(ExplorerError, match="habitus"):
        with_value(patient, "habitus", 2)
    with pytest.raises(ExplorerError, match="number 3"):
        twins_of(patient, 3)
    for one in anatomies(patient, 40, 2):
        assert parse_patient(str(one)) == one
