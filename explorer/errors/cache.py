"""Cached: scored sets, a finding at every threshold, its calibration."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import streamlit as st

from core.analysis.columns import Values, columns_of, lesion_columns
from core.analysis.slices import SliceReport, slice_report
from core.analysis.sweep import Sweep, sweep
from core.analysis.threshold import Rule, Threshold, thresholds_for
from core.analysis.together import ErrorPair, errors_together
from core.errors import ExplorerError
from core.inference.prompts import PromptSet, default_prompts
from core.kept_result import kept_result
from core.metrics.auc import roc_auc
from core.studies import StudySet
from explorer.errors.choice import FindingChoice, KeyedScores
from explorer.errors.threshold_table import table
from explorer.prompts import cache as score_cache
from explorer.shared import cache, following, state
from explorer.shared.progress import page_progress, part

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.analysis.calibration import Calibration
    from core.analysis.film_map import Points
    from core.analysis.found_slices import FoundSlices
    from core.analysis.reliability import Reliability
    from core.analysis.report import Asked
    from core.inference.predictor import Predictor
    from core.records.note import Note

T = TypeVar("T")
Pairs = tuple[tuple[ErrorPair, ...], tuple[ErrorPair, ...]]
"""Findings wrong together, and mistaken for each other."""
PAIRS = "errors_column_pairs"
"""Key of the choice whether columns are combined."""
RESAMPLES = 1000
"""As the commands have it, so that figures of the page are theirs."""
_MAP_START, _MAP_FILM = 20.0, 0.004  # seconds, and a film; benchmarks/film_map.py
_FITS = 200  # of a calibration, as `python -m core calibrate` makes them


def _of_cases(cases: KeyedScores) -> str:
    return cases.key


KEYS = {**cache.KEYS, KeyedScores: _of_cases}


def asked_prompts(of: StudySet, prompts: PromptSet) -> PromptSet:
    """Prompts of the findings that a set can judge; unedited ones are those of the commands.

    Raises:
        ExplorerError: it has no finding with both labels.
    """
    from core.analysis.scoring import asked_prompts as asked_of

    return asked_of(of, None if prompts == default_prompts() else prompts)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=cache.KEYS)
def _cases(model: Predictor, fingerprint: str, prompts_json: str, _studies: StudySet,
           _prompts: PromptSet, score: str) -> KeyedScores:  # fmt: skip
    from core.analysis.scoring import scored_set

    scores = score_cache.scores(model.name, _studies, _prompts)
    key = f"{model.model_hash} {fingerprint} {prompts_json} {score}"
    return KeyedScores(key, scored_set(_studies, _prompts, scores, score))


def cases(spec: str, of: StudySet, prompts: PromptSet, score: str = "lrclr") -> KeyedScores:
    """A set's scores beside its labels.

    Raises:
        ExplorerError: it has no finding with both labels.
    """
    asked = asked_prompts(of, prompts)
    model = cache.predictor(spec)
    return _cases(model, cache.fingerprint_of(of), asked.to_json(), of, asked, score)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=KEYS)
def areas(cases: KeyedScores) -> dict[str, float]:
    """AUC of each finding, the worst first."""
    told = {name: roc_auc(*cases.scored.of(name)) for name in cases.scored.findings}
    return dict(sorted(told.items(), key=lambda pair: pair[1]))


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=KEYS)
def swept(cases: KeyedScores, finding: str, banded: bool = True) -> Sweep:
    """A finding at every threshold; its bootstrap intervals, which take the time, NaN if asked."""
    if not banded:
        return sweep(cases.scored, finding, 0)

    def work() -> Sweep:
        with page_progress(f"Resampling the patients, {finding}") as progress:
            return sweep(cases.scored, finding, RESAMPLES, progress=progress)

    return _kept(Sweep, cases, (finding,), work)


def _kept(kind: Any, cases: KeyedScores, hangs_on: tuple[object, ...], work: Callable[[], T]) -> T:
    """What was computed of a large set, kept on disk for the next start of the app."""
    if len(cases.scored) < following.LARGE:
        return work()
    return kept_result(kind, (_digest(cases), RESAMPLES, *hangs_on), work)


def _digest(cases: KeyedScores) -> str:
    """Of the very numbers: labels of the same films may have changed since."""
    scored = cases.scored
    digest = sha256(repr((cases.key, scored.findings, scored.identity)).encode())
    for array in (scored.scores, scored.truth, scored.patients, scored.rows):
        digest.update(array.tobytes())
    return digest.hexdigest()


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=KEYS)
def calibrated(
    cases: KeyedScores, fitted: KeyedScores, finding: str, banded: bool = True
) -> tuple[Calibration, Reliability]:
    """Probabilities of a finding fitted on one set, and how they hold on another; as `swept`."""
    from core.analysis.calibration import Calibration, fit_calibrations
    from core.analysis.reliability import Reliability, calibration_report

    if not banded:
        fits = fit_calibrations(fitted.scored.only(finding), n_bootstrap=0)
        return fits[finding], calibration_report(cases.scored, fits, 0).findings[finding]

    def work() -> tuple[Calibration, Reliability]:
        with page_progress(f"Fitting probabilities, {finding}") as progress:
            fits = fit_calibrations(fitted.scored.only(finding), n_bootstrap=_FITS)
            progress(1, 2)
            report = calibration_report(cases.scored.only(finding), fits, RESAMPLES)
        return fits[finding], report.findings[finding]

    return _kept(tuple[Calibration, Reliability], cases, (_digest(fitted), finding, _FITS), work)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=KEYS)
def _threshold_table(cases: KeyedScores, fitted: KeyedScores, finding: str, banded: bool,
                     _swept: Sweep, _calibrated: tuple[Calibration, Reliability]
                     ) -> str:  # fmt: skip
    truth, score = cases.scored.of(finding)
    return table(_swept, *_calibrated, score, truth)


def threshold_table(
    cases: KeyedScores, fitted: KeyedScores, finding: str, banded: bool = True
) -> str:  # fmt: skip
    """What the charts of a finding show at every threshold, as JSON; as `swept`."""
    with part(0, 0.5):
        curves = swept(cases, finding, banded)
    with part(0.5, 1):
        chances = calibrated(cases, fitted, finding, banded)
    return _threshold_table(cases, fitted, finding, banded, curves, chances)


def together(choice: FindingChoice, findings: list[str]) -> Pairs:
    """Pairs of findings that are wrong together, and that are mistaken for each other.

    Each is called by the choice's rule; the chosen finding at the choice's threshold.
    """
    rule = choice.fitted_threshold.rule
    limits = thresholds(rule, choice.cases, choice.fitted, tuple(findings))
    limits = {**limits, choice.finding: choice.threshold}
    values = tuple(limits[name].value for name in findings)
    return _together(choice.cases, tuple(findings), values, limits)


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=KEYS)
def _thresholds(cases: KeyedScores, fitted: KeyedScores, name: str, value: float | None,
                findings: tuple[str, ...], _rule: Rule) -> dict[str, Threshold]:  # fmt: skip
    return thresholds_for(_rule, cases.scored.among(findings), fitted.scored)


def thresholds(
    rule: Rule, cases: KeyedScores, fitted: KeyedScores, findings: tuple[str, ...] = ()
) -> dict[str, Threshold]:  # fmt: skip
    """A threshold for some findings of a set, or for all; not to be changed.

    Raises:
        ExplorerError: as `thresholds_for`.
    """
    names = findings or cases.scored.findings
    return _thresholds(cases, fitted, rule.name, rule.value, names, rule)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=KEYS)
def _together(cases: KeyedScores, findings: tuple[str, ...], values: tuple[float, ...],
              _limits: dict[str, Threshold]) -> Pairs:  # fmt: skip
    def work() -> Pairs:
        with page_progress("Resampling the patients, pairs of findings") as progress:
            scored = cases.scored.among(findings)
            return errors_together(scored, _limits, RESAMPLES, progress=progress)

    return _kept(Pairs, cases, (findings, values), work)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=KEYS)
def _columns(cases: KeyedScores, finding: str, _studies: StudySet) -> dict[str, Values]:
    return columns_of(_studies.table, finding)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=KEYS)
def _lesions(cases: KeyedScores, finding: str, _studies: StudySet) -> dict[str, Values]:
    return lesion_columns(_studies.facts(), finding)


def columns(cases: KeyedScores, of: StudySet, finding: str) -> dict[str, Values]:
    """Columns of the table that the films can be sliced by."""
    return _columns(cases, finding, of)


def lesions(cases: KeyedScores, of: StudySet, finding: str) -> dict[str, Values]:
    """What else: the finding itself. All reports are read for it, of 20,000 films for a second."""
    return _lesions(cases, finding, of)


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=KEYS)
def _slices(cases: KeyedScores, finding: str, metric: str, threshold: float, pairs: bool,
            _limit: Threshold, _studies: StudySet) -> SliceReport:  # fmt: skip
    told = _columns(cases, finding, _studies)

    def work() -> SliceReport:
        own = _lesions(cases, finding, _studies)
        with page_progress(f"Comparing slices, {finding}") as progress:
            return slice_report(cases.scored, finding, told, own, metric, _limit, pairs=pairs,
                                n_bootstrap=RESAMPLES, progress=progress)  # fmt: skip

    # A set is known by its films; its other columns, and its reports, may have changed.
    texts = np.array([str(text) for text in _studies.table["text"]], object)  # or no words
    by = [(name, sha256("\n".join(values).encode()).hexdigest())
          for name, values in {**told, "text": texts}.items()]  # fmt: skip
    return _kept(SliceReport, cases, (finding, metric, threshold, pairs, _limit, by), work)


def slices(choice: FindingChoice, of: StudySet, metric: str, pairs: bool = False) -> SliceReport:
    """Slices of the chosen finding, those that differ most surely first.

    Args:
        pairs: also of columns two at a time.

    Raises:
        ExplorerError: the set has no column to slice by.
    """
    at = 0.0 if metric == "auc" else choice.threshold.value  # the AUC knows none
    return _slices(choice.cases, choice.finding, metric, at, pairs, choice.threshold, of)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=KEYS)
def _clusters(model: Predictor, cases: KeyedScores, finding: str, threshold: float, count: int,
              _limit: Threshold, _studies: StudySet, _prompts: PromptSet
              ) -> FoundSlices:  # fmt: skip
    from core.analysis.found_slices import found_slices
    from core.analysis.scoring import embedded

    with page_progress(f"Seeking clusters, {finding}") as progress:
        images, phrases = embedded(model, _studies, _prompts)
        told = describing(cases, finding, _studies)
        return found_slices(cases.scored, finding, images, _limit, told, phrases,
                            count, n_bootstrap=RESAMPLES, progress=progress)  # fmt: skip


def describing(cases: KeyedScores, finding: str, of: StudySet) -> dict[str, Values]:
    """Columns that say what clusters share; none is no reason not to seek any."""
    try:
        return {**columns(cases, of, finding), **lesions(cases, of, finding)}
    except ExplorerError:
        return {}


def clusters(choice: FindingChoice, of: StudySet, count: int) -> FoundSlices:
    """Clusters found in half of the patients and tested in the others, the surest first.

    Raises:
        ExplorerError: too few films for so many.
    """
    here = state.session()
    return _clusters(cache.predictor(here.model), choice.cases, choice.finding,
                     choice.threshold.value, count, choice.threshold, of,
                     asked_prompts(of, here.prompts))  # fmt: skip


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs=KEYS)
def _report(cases: KeyedScores, fitted: KeyedScores, asked: str, noted: str, spec: str,
            _asked: Asked, _noted: dict[str, list[Note]] | None, _studies: StudySet,
            _prompts: PromptSet) -> tuple[str, dict[str, Threshold]]:  # fmt: skip
    from core.analysis.report import analyse, made_report

    with page_progress("Making the report") as progress:
        analysed = analyse(spec, _studies, _prompts, cases.scored, fitted.scored, _asked,
                           lambda _: progress)  # fmt: skip
        page, _ = made_report(analysed, cache.predictor(spec), _studies, fitted.scored, _asked,
                              _noted, lambda _: progress)  # fmt: skip
    return page, dict(analysed.thresholds)


def report(choice: FindingChoice, of: StudySet, with_notes: bool
           ) -> tuple[str, Callable[[], str]]:  # fmt: skip
    """The report of a choice as HTML; and what makes its films' scores, labels and calls as CSV.

    The table names films by their pixels and so reads them all, which is for whoever asks for it.
    """
    from core.analysis.report import Asked
    from core.analysis.score_table import score_table

    here = state.session()
    asked = Asked(
        choice.finding, score=here.judged_score, threshold=here.threshold_rule,
        n_bootstrap=RESAMPLES,
        by_hand=choice.threshold.value if choice.by_hand else None, metric=here.sliced_by,
        pairs=bool(here.choices.get(PAIRS, False)), slice=here.slice,
    )  # fmt: skip
    noted = cache.notebook().by_film() if with_notes else None
    page, limits = _report(choice.cases, choice.fitted, repr(asked), repr(noted), here.model, asked,
                           noted, of, asked_prompts(of, here.prompts))  # fmt: skip
    return page, lambda: score_table(choice.cases.scored, limits, of).to_csv(index=False)


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=KEYS)
def _map_points(model: Predictor, fingerprint: str, _studies: StudySet) -> Points:
    from core.analysis.film_map import MapSettings, set_map

    with page_progress("Laying out the map") as progress:
        return set_map(model, _studies, MapSettings(), progress)


def map_points(of: StudySet) -> Points:
    """Where the films of a set lie on its map (N, 2); NaN where one cannot be read.

    Raises:
        ExplorerError: too few films.
    """
    model = cache.predictor(state.session().model)
    return _map_points(model, cache.fingerprint_of(of), of)


def map_seconds(of: StudySet) -> float:
    """About how long `map_points` takes; 0 where a map is kept."""
    model = cache.predictor(state.session().model)
    kept = _has_map(model, cache.fingerprint_of(of), of)
    return 0.0 if kept else _MAP_START + _MAP_FILM * len(of)


@st.cache_data(ttl=10, max_entries=16, show_spinner=False, hash_funcs=KEYS)
def _has_map(model: Predictor, fingerprint: str, _studies: StudySet) -> bool:
    from core.analysis.film_map import MapSettings, has_map

    return has_map(model, _studies, MapSettings())
