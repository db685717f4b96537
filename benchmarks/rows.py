"""Does cost grow linearly with the rows of a set? Opening, filtering, fine-tune start, page draw.

    python benchmarks/rows.py [--rows 1000 10000 100000]

Writes manifests whose rows share one small film, each with a report of its own, and prints CPU
seconds of this process, and microseconds of a row, which must not grow with the rows.
The start of fine-tuning is what happens to the reports before the images are made ready, which
costs the same for each film. A page is drawn as far as sidebar, report and film, without a model.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import machine
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.paths import ROOT
from core.specs import open_studies
from core.studies import StudySet
from core.training import data as training_data
from explorer import access

REPORT = "Heart size is normal. Small left effusion number {0}. No pneumothorax. Line {1} in place."


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    chosen = parser.parse_args()
    # The app's owner, who may open files; a page run without a browser has no address.
    access.connection = lambda: access.Connection(None, {"Host": "localhost:8501"})
    print(machine())
    print(f"{'rows':>8} {'what':16} {'CPU s':>9} {'us a row':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for rows in chosen.rows:
            path = write_manifest(Path(folder), rows)
            _report(rows, "open", lambda path=path: open_studies(str(path)))
            _report(rows, "filter", lambda path=path: open_studies(f"{path},without=0of5"))
            studies = open_studies(str(path))
            _report(rows, "fingerprint", lambda studies=studies: studies.fingerprint)
            _report(rows, "fine-tune start", lambda studies=studies: start(studies))
            _report(rows, "page draw", drawer(path))


def write_manifest(folder: Path, rows: int) -> Path:
    """A manifest of `rows` rows of one film."""
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    Image.fromarray(pixels).save(folder / "film.png")
    lines = ["id,image,text,view,patient_id,Pleural Effusion"]
    lines += [
        f'study{row},film.png,"{REPORT.format(row % 997, row % 89)}",PA,p{row // 2},{row % 2}'
        for row in range(rows)
    ]
    path = folder / f"rows{rows}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class _Ready:
    """Images that are ready, as `prepared` gives them."""

    def __init__(self, count: int) -> None:
        self.rows, self.readable = np.arange(count), np.ones(count, bool)


def start(studies: StudySet) -> None:
    """`load_training_data` with the images ready."""
    ready = training_data.prepared
    training_data.prepared = lambda studies, *_: _Ready(len(studies))  # type: ignore
    try:
        data = training_data.load_training_data(studies, torch.nn.Identity(), False)  # type: ignore
    finally:
        training_data.prepared = ready
    assert len(data.index.rows) == len(studies)


def drawer(path: Path) -> Callable[[], Any]:
    """Draws the next study, with the set open."""
    app = AppTest.from_function(_page, args=(str(path), str(ROOT)), default_timeout=600)
    app.run()
    assert not app.exception, app.exception

    def draw() -> None:
        app.sidebar.button(key="next").click().run()
        assert not app.exception, app.exception

    return draw


def _page(path: str, root: str) -> None:
    from explorer.shared import cache, components, sidebar, state

    if state.session().study_set != path:
        cache.studies(path)
        state.choose_set(path)
    sidebar.draw()
    current = state.current()
    components.prompt_or_sentence(current)
    components.film(current)


def _report(rows: int, what: str, action: Callable[[], Any]) -> None:
    started = time.process_time()
    action()
    spent = time.process_time() - started
    print(f"{rows:8d} {what:16} {spent:9.3f} {1e6 * spent / rows:9.1f}", flush=True)


if __name__ == "__main__":
    main()
