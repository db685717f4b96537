"""Does every page stay quick on a large set whose encodings are kept? Time and memory.

    python benchmarks/pages_at_size.py [--rows 20000] [--patches 16]
        [--only errors case]

Writes a manifest of so many labelled films, two a patient, that share 16 drawn ones, and an archive
of it as `embed --patches` writes them, with what its prompts say: each vector is its film's own
with noise, drawn towards the text of each finding that it is labelled with, so that findings are
ranked better than chance. A session without a browser then opens the archive, each page twice, and
on Errors does what one does there; another session opens Errors again, as after a restart of the
server. What follows a page that is drawn already (intervals, slices) has a line of its own: how
long after the page it was there. Printed: seconds by the clock and of the CPU (all threads of this
process), memory after each, and the most. UMAP is left out, which `film_map.py` times: films lie on
the map by two of their features.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import streamlit as st
import torch
from machine import machine, peak_gib
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.analysis import film_map
from core.archive.archive import Archive
from core.archive.keep import keep_patches, prompts_to_keep_by
from core.archive.layout import (
    PROMPTS,
    STUDIES,
    Description,
    shard_path,
    versions,
    write_description,
)
from core.archive.own_texts import missing_texts, write_texts
from core.archive.shard import write_shard
from core.inference.predictor import Predictor, load_predictor
from core.inference.prompts import prompts_for
from core.labels import PATHOLOGIES
from core.lrclr.encodings import ImageEncoding
from core.paths import ROOT
from core.specs import open_studies
from explorer import access
from explorer.shared import following

PAGES = ("home", "regions", "zero_shot", "compare", "errors", "case", "search", "model",
         "finetune", "lab", "lessons", "import_data")  # fmt: skip
FILMS, SHARD = 16, 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000])
    parser.add_argument("--patches", type=int, default=16, help="kept of each film")
    parser.add_argument("--only", nargs="+", default=PAGES)
    chosen = parser.parse_args()
    # The app's owner, who may open files; a page run without a browser has no address.
    access.connection = lambda: access.Connection(None, {"Host": "localhost:8501"})
    film_map.lay_out = lambda features, *_: features[:, :2]
    print(f"{machine()}; load {os.getloadavg()[0]:.1f} at the start")
    for rows in chosen.rows:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["LRCLR_CACHE"] = str(Path(folder) / "cache")
            os.environ["LRCLR_RECORDS"] = f"sqlite:///{folder}/notes.sqlite"
            # In a process of its own: its memory is not the server's.
            writing = get_context("spawn").Process(target=write_set,
                                                   args=(folder, rows, chosen.patches))  # fmt: skip
            writing.start()
            writing.join()
            print(f"{rows} films, {chosen.patches} patches of each")
            print(f"{'what':40} {'clock s':>8} {'CPU s':>8} {'GiB':>6}")
            walk(f"shards:{folder}/archive", chosen.only)
            print(f"most memory: {peak_gib():.2f} GiB")


def walk(spec: str, pages: list[str]) -> None:
    """Open the set, then every page twice, then what is done on Errors, then after a restart."""
    app = opened(spec)
    for time_of in ("first", "again"):
        for page in pages:
            app.switch_page(f"../pages/{page}.py")
            timed(f"{page}, {time_of}", app.run)
            what_follows(app)
    timed("the next film", app.sidebar.button(key="next").click().run)
    if "errors" in pages:
        app.switch_page("../pages/errors.py").run()
        errors_page(app)
    st.cache_data.clear()
    st.cache_resource.clear()
    app = opened(spec)
    for page in pages:
        app.switch_page(f"../pages/{page}.py")
        timed(f"{page}, after a restart", app.run)
        what_follows(app)


def opened(spec: str) -> AppTest:
    """A session at a set."""
    app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=3600)
    timed("the app, at its examples", app.run)
    by_label(app.sidebar.selectbox, "Study set").select("another set").run()
    box = by_label(app.sidebar.text_input, "Set").set_value(spec)
    timed("open the set, on Home", box.run)
    assert not app.error, app.error  # it could not be opened
    return app


def errors_page(app: AppTest) -> None:
    """What one does on Errors."""
    finding = app.selectbox(key="errors_finding")
    timed("errors: another finding, first", finding.select_index(1).run)
    what_follows(app)
    timed("errors: back to the first", app.selectbox(key="errors_finding").select_index(0).run)
    timed("errors: filter, right films",
          app.button_group(key="errors_kind").set_value("right").run)  # fmt: skip
    slices = app.selectbox(key="errors_slice")
    timed("errors: filter, another slice", slices.select_index(2).run)
    timed("errors: slices by error, first",
          app.button_group(key="errors_metric").set_value("error").run)  # fmt: skip
    what_follows(app)
    timed("errors: the map", app.toggle(key="errors_map").set_value(True).run)
    box = app.multiselect(key="errors_map_values")
    box.set_value([box.options[0].rsplit(" (", 1)[0]]).run()
    # What a lasso does: rows are selected, and the page is drawn again.
    timed("errors: films selected on the map", app.button(key="errors_map_select").click().run)


def what_follows(app: AppTest) -> None:
    """Wait for what the page was drawn without, and draw it again as its browser would."""

    def there() -> AppTest:
        while following.at_work():
            time.sleep(0.05)
        return app.run()

    if following.at_work():
        timed("    and what follows is there after", there)


def by_label(elements: Any, label: str) -> Any:
    """The first element with this label."""
    return next(element for element in elements if element.label == label)


def timed(what: str, action: Callable[[], AppTest]) -> None:
    """Print what an action of a session takes."""
    clock, spent = time.perf_counter(), time.process_time()
    app = action()
    clock, spent = time.perf_counter() - clock, time.process_time() - spent
    held = int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**30
    print(f"{what:40} {clock:8.2f} {spent:8.2f} {held:6.2f}", flush=True)
    assert not app.exception, app.exception


def write_set(place: str, rows: int, patches: int) -> None:
    """A manifest of labelled films in a folder, and their archive in its folder `archive`."""
    folder, predictor = Path(place), load_predictor("demo")
    rng = np.random.default_rng(0)
    labels = (rng.random((rows, len(PATHOLOGIES))) < 0.2).astype(int)
    table = pd.DataFrame({
        "id": [f"study{row}" for row in range(rows)],
        "image": [f"film{row % FILMS}.png" for row in range(rows)],
        "text": [f"Line {row % 89} in place. No pneumothorax." for row in range(rows)],
        "view": rng.choice(["AP", "PA"], rows),
        "patient_id": [f"p{row // 2}" for row in range(rows)],
        **{name: labels[:, column] for column, name in enumerate(PATHOLOGIES)},
    })  # fmt: skip
    drawn = open_studies(f"phantom:n={FILMS},seed=3")
    for row in range(FILMS):
        Image.fromarray(np.clip(drawn.image(row), 0, 255).astype(np.uint8)).save(
            folder / f"film{row}.png"
        )
    table.to_csv(folder / "films.csv", index=False)
    _write_archive(folder, predictor, table, labels, patches)


def _write_archive(
    folder: Path, predictor: Predictor, table: pd.DataFrame, labels: np.ndarray, patches: int
) -> None:  # fmt: skip
    made, out = predictor.model.backbone, folder / "archive"
    out.mkdir()
    studies = open_studies(str(folder / "films.csv"))
    films = predictor.encode_set(studies.subset(list(range(FILMS))))
    prompts = prompts_for(PATHOLOGIES)
    texts = predictor.encode_texts(prompts.all_texts())
    towards = torch.stack([
        predictor.encode_texts([prompts[name].positive[0]]).text_features[0] for name in PATHOLOGIES
    ])  # fmt: skip
    told = Description(
        predictor.name, predictor.model_hash, {}, studies.spec, studies.fingerprint, len(table),
        "fp32", patches, made.grid, made.embed_dim, SHARD, versions=versions(),
        lrclr=predictor.model.config.to_dict(), members=made.members,
    )  # fmt: skip
    kept_by = prompts_to_keep_by(predictor)
    generator = torch.Generator().manual_seed(0)
    for shard in range(told.shards):
        rows = told.rows(shard)
        film = torch.tensor([row % FILMS for row in rows])
        noise = torch.randn(len(rows), told.width, generator=generator) / told.width**0.5
        sure = torch.from_numpy(labels[rows.start : rows.stop]).float() @ towards
        shift = 0.6 * noise + 0.3 * sure
        whole = torch.nn.functional.normalize(films.image_features[film] + shift, dim=-1)
        cells = films.patch_features[film] + shift[:, None]
        images = ImageEncoding(whole, torch.nn.functional.normalize(cells, dim=-1), None, told.grid)
        named = [studies.study_id(row) for row in rows]
        kept = keep_patches(images, patches, kept_by)
        write_shard(shard_path(out, shard), list(rows), named, kept, [])
    studies.table.to_parquet(out / STUDIES, index=False)
    known = pa.table({"text": list(texts.texts), "features": list(texts.text_features.numpy())})
    pq.write_table(known, out / PROMPTS)
    write_description(out, told)
    archive = Archive(out)
    write_texts(predictor, archive, missing_texts(archive))


if __name__ == "__main__":
    main()
