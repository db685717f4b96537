"""The maps that sanity tests compare: as they are, of other weights, another text, another film."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.analysis.sanity import Alike, SanityReport, Stamp, alike
from core.analysis.scored import identity_of
from core.analysis.scoring import asked_prompts
from core.attribution import METHODS, attribution_maps, choose
from core.attribution.randomised import cascade
from core.errors import ExplorerError
from core.inference.images import Images
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts, PromptSet
from core.progress import Progress
from core.studies import StudySet

Map = NDArray[np.float32]

OWN_SCORES = ("lrclr", "local")
"""Scores that region weights make, in part or alone; maps beside them explain one of these."""
_NOISE = "random"


@dataclass(frozen=True)
class _Case:
    """One film, a finding that it has and one that it has not."""

    row: int
    images: Images
    there: FindingPrompts
    absent: FindingPrompts


def default_maps(predictor: Predictor) -> list[str]:
    """All methods that take less than tens of passes a film, controls among them.

    Those that explain a score: of each score that Compare begins with.
    """
    quick = [name for name, method in METHODS.items() if not method.slow]
    asked = [
        given
        for name in quick
        for given in ((name, *(f"{name}:{score}" for score in OWN_SCORES))
                      if METHODS[name].explains else (name,))
    ]  # fmt: skip
    return list(dict.fromkeys(str(choose(name, predictor)) for name in asked))


def sanity_report(
    predictor: Predictor, studies: StudySet, methods: Sequence[str],
    prompts: PromptSet | None = None, steps: int = 3, n_bootstrap: int = 1000, seed: int = 0,
    progress: Progress | None = None,
) -> SanityReport:  # fmt: skip
    """Test maps on every film of a set that has a finding and lacks another.

    Args:
        methods: names or choices in words; what they leave open is what pages show.
        steps: of the cascade of shuffled layers; its last is the test.
        seed: of shuffles, random maps and resamples.
        progress: called with (done, total) passes over the films.

    Raises:
        ExplorerError: no such method, or too few films with a finding that can be read.
    """
    names = list(dict.fromkeys(str(choose(name, predictor)) for name in methods))
    cases = _cases(predictor, studies, asked_prompts(studies, prompts))
    told = _Told(progress, steps + 3)
    failed: dict[str, str] = {}
    plain = _maps(predictor, names, cases, lambda case: case.there, seed, failed)
    told.one()
    swapped = _maps(predictor, names, cases, lambda case: case.absent, seed, failed, 1)
    told.one()
    turned = [_Case(case.row, other.images, case.there, case.absent)
              for case, other in zip(cases, [*cases[1:], cases[0]], strict=True)]  # fmt: skip
    others = _maps(predictor, names, turned, lambda case: case.there, seed, failed, 2)
    told.one()
    patients = studies.patients[[case.row for case in cases]]

    def compare(after: dict[str, list[Map]], name: str) -> Alike:
        pairs = list(zip(plain[name], after[name], strict=True))
        return alike(pairs, patients, n_bootstrap, seed)

    texts = predictor.encode_texts(list(cases[0].there.positive))
    stages: dict[str, list[tuple[str, Alike]]] = {name: [] for name in names}
    copies = cascade(predictor.model, cases[0].images.pixels, texts, steps, seed)
    for number, (what, model) in enumerate(copies):
        shuffled = Predictor(model, predictor.name, predictor.map_search, predictor.place)
        moved = [_Case(case.row, Images(model, case.images.pixels), case.there, case.absent)
                 for case in cases]  # fmt: skip
        after = _maps(shuffled, names, moved, lambda case: case.there, seed, failed, 3 + number,
                      flat=True)  # fmt: skip
        for name in set(names) - set(failed):
            stages[name].append((what, compare(after, name)))
        told.one()
    kept = [name for name in names if name not in failed]
    stamps = {
        name: Stamp({"weights": stages[name][-1][1], "prompt": compare(swapped, name),
                     "image": compare(others, name)})
        for name in kept
    }  # fmt: skip
    return SanityReport(identity_of(studies), len(cases), stamps,
                        {name: stages[name] for name in kept}, failed, seed)  # fmt: skip


def _cases(predictor: Predictor, studies: StudySet, prompts: PromptSet) -> list[_Case]:
    """A case of each film with a finding; which one goes round, so that no finding speaks alone."""
    labels, cases = studies.labels[list(prompts)].to_numpy(), []
    names = [name for name in prompts if name != "No Finding"]  # that has no place
    column = {name: number for number, name in enumerate(prompts)}
    for row in range(len(studies)):
        there = [name for name in names if labels[row, column[name]] == 1]
        absent = [name for name in names if labels[row, column[name]] == 0]
        if not there or not absent:
            continue
        try:
            pixels = predictor.model.backbone.preprocess(studies.loaded(row).pixels)[None]
        except ExplorerError:
            continue  # a film that cannot be read has no map
        cases.append(_Case(row, Images(predictor.model, pixels),
                           prompts[there[row % len(there)]],
                           prompts[absent[row % len(absent)]]))  # fmt: skip
    if len(cases) < 2:
        raise ExplorerError(
            f"'{studies.spec}' has {len(cases)} readable films with a finding and without another; "
            "two are needed: choose a larger set with labels, such as phantom:val,n=20."
        )
    return cases


def _maps(
    predictor: Predictor, names: Sequence[str], cases: Sequence[_Case],
    text: Callable[[_Case], FindingPrompts], seed: int, failed: dict[str, str], draw: int = 0,
    flat: bool = False,
) -> dict[str, list[Map]]:  # fmt: skip
    """Maps of each method, one a case; a method that cannot make one is put into `failed`.

    Args:
        draw: of noise, which is another one each time; everything else keeps its seed.
        flat: a map that cannot be made is flat: where nothing is learned any more no score need
            hang on a layer.
    """
    made: dict[str, list[Map]] = {}
    for name in names:
        maps: list[Map] = []
        for case in cases if name not in failed else ():
            prompts = text(case)
            here = seed + 1000 * case.row + (draw if name == _NOISE else 0)
            try:
                maps.append(attribution_maps(
                    name, predictor, case.images, list(prompts.positive), here,
                    prompts.negative,
                )[0])  # fmt: skip
            except ExplorerError as error:
                if not flat:
                    failed[name] = str(error)
                    break
                maps.append(np.zeros(predictor.model.backbone.grid, np.float32))
        made[name] = [np.nan_to_num(one) for one in maps]
    return made


class _Told:
    """Passes that are done, for a progress callback."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._done, self._total = progress, 0, total

    def one(self) -> None:
        self._done += 1
        if self._progress:
            self._progress(self._done, self._total)
