"""What a model says of the example films, kept in a file: a page shows it without the model.

Answers belong to one model, by its files' hash, and one set, by its fingerprint: of another they
are not given, whatever the names. `python -m core examples` writes them.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.evaluation.examples import Example
from core.evaluation.study_scores import text_prompts
from core.files import write_text_whole
from core.lrclr.folders import files_hash, model_folder
from core.paths import ASSETS
from core.studies.study import StudySet

if TYPE_CHECKING:  # torch, which whoever reads answers may do without
    from core.inference.predictor import Predictor
    from core.preprocessing import Rectangle

FILE = ASSETS / "answers.json"
_DIGITS = 7  # of a float32


@dataclass(frozen=True)
class TextScore:
    """The scores of one film for a text, among those of a set."""

    own: dict[str, float]  # those of `core.inference.zero_shot.SCORES`
    others: NDArray[np.float32]  # (n,) `lrclr` of every study of the set; NaN where unreadable


@dataclass(frozen=True)
class WeighedBoxes:
    """The regions of a film that make its score for a text, heaviest first."""

    boxes: "list[Rectangle]"  # (x, y, w, h) in pixels of the picture
    weights: NDArray[np.float32]  # (K,); with `nowhere` they sum to 1
    nowhere: float
    no_place: str = ""  # why no box is to be shown


@dataclass(frozen=True)
class Answer:
    """What a model says of a film and a text."""

    score: TextScore
    regions: WeighedBoxes
    shape: tuple[int, int]  # of the picture that the boxes are drawn on


@dataclass(frozen=True)
class Answers:
    """Of one model on films of one set."""

    files: str  # `files_hash` of the model
    fingerprint: str  # of the set
    by_film: dict[tuple[int, str], Answer]  # by row and text


def answers_of(
    predictor: "Predictor", studies: StudySet, films: tuple[Example, ...]
) -> Answers:
    """What a model says of films of a set, each with its text, on the pictures that pages show.

    Of a text whose words it does not know nothing is kept: the pages say so before they score it.

    Raises:
        ExplorerError: it is no model in a folder, by whose files its answers are known.
    """
    from core.inference.known_words import check_words

    folder = model_folder(predictor.name)
    if folder is None:
        raise ExplorerError(f"'{predictor.name}' is no model folder; answers need its files.")
    backbone = predictor.model.backbone
    by_film = {
        (film.row, film.prompt): _answer(predictor, studies, film)
        for film in films
        if check_words(film.prompt).known and not check_words(film.prompt).refuses(backbone)
    }
    return Answers(files_hash(folder), studies.fingerprint, by_film)


def _answer(predictor: "Predictor", studies: StudySet, film: Example) -> Answer:
    prompts = text_prompts(film.prompt)
    image = predictor.encode_row(studies, film.row)
    picture = studies.display_image(film.row)
    shape = (picture.shape[0], picture.shape[1])
    regions = predictor.regions(image, [film.prompt], shape)
    score = TextScore(
        {name: float(value[0, 0]) for name, value in predictor.score(image, prompts).items()},
        predictor.score(predictor.encode_set(studies), prompts)["lrclr"][:, 0],
    )
    boxes = WeighedBoxes(regions.boxes, regions.weights, regions.nowhere, regions.no_place)
    return Answer(score, boxes, shape)


def kept_answer(
    model: str, studies: StudySet, row: int, text: str, path: Path = FILE
) -> Answer | None:
    """What a file says that a model says; None where it does not know this very model and film.

    Args:
        model: spec of the model.
    """
    answers = load_answers(path)
    if answers is None or (row, text) not in answers.by_film:
        return None
    folder = model_folder(model)
    if folder is None or files_hash(folder) != answers.files:
        return None
    return answers.by_film[row, text] if studies.fingerprint == answers.fingerprint else None


def write_answers(answers: Answers, path: Path) -> None:
    """Write answers as JSON."""
    films = [_to_json(row, text, answer) for (row, text), answer in answers.by_film.items()]
    head = {"model_files": answers.files, "set": answers.fingerprint}
    lines = ",\n".join(json.dumps(film) for film in films)  # a line a film
    write_text_whole(path, f'{json.dumps(head)[:-1]}, "films": [\n{lines}\n]}}\n')


def load_answers(path: Path = FILE) -> Answers | None:
    """Answers as `write_answers` wrote them; None where there is no such file, or it is damaged."""
    try:
        return _load(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError):
        return None


@lru_cache(maxsize=2)
def _load(path: Path, written: int) -> Answers:
    read = json.loads(path.read_text(encoding="utf-8"))
    films = {(int(film["row"]), str(film["prompt"])): _from_json(film) for film in read["films"]}
    return Answers(str(read["model_files"]), str(read["set"]), films)


def _to_json(row: int, text: str, answer: Answer) -> dict[str, Any]:
    score, regions = answer.score, answer.regions
    return {
        "row": row, "prompt": text, "shape": list(answer.shape),
        "own": {name: _rounded(value) for name, value in score.own.items()},
        "others": [_rounded(value) for value in score.others],
        "boxes": [[_rounded(value) for value in box] for box in regions.boxes],
        "weights": [_rounded(value) for value in regions.weights],
        "nowhere": _rounded(regions.nowhere), "no_place": regions.no_place,
    }  # fmt: skip


def _from_json(film: dict[str, Any]) -> Answer:
    own = {str(name): float(value) for name, value in film["own"].items()}
    score = TextScore(own, np.array(film["others"], np.float32))
    boxes = [(float(x), float(y), float(w), float(h)) for x, y, w, h in film["boxes"]]
    weights = np.array(film["weights"], np.float32)
    rows, columns = film["shape"]
    no_place = str(film.get("no_place", ""))
    weighed = WeighedBoxes(boxes, weights, float(film["nowhere"]), no_place)
    return Answer(score, weighed, (int(rows), int(columns)))


def _rounded(value: float | np.floating) -> float:
    return float(f"{float(value):.{_DIGITS}g}")
