"""What a look costs: files decoded, passes of the image tower, seconds.

    python benchmarks/looks.py [--films 4] [--model demo]

Writes a manifest of phantoms as JPEG 2000 DICOM files of 7.5 megapixels, opens it in the app and
counts, on Home and Compare: the first look at a study, the next study, a new prompt. CPU seconds
are of this process with all its threads; they say more than the clock where others compute, too.
"""

import argparse
import csv
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from streamlit.testing.v1 import AppTest

from core.backbones.clip import ClipBackbone
from core.backbones.compact import CompactBackbone
from core.films import dicom
from core.paths import ROOT
from core.specs import open_studies
from explorer import access

ROWS, COLUMNS = 3000, 2500
_PROMPT_BOXES = ("What might the report say?", "Prompt")
counted: Counter[str] = Counter()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=4)
    parser.add_argument("--model", default="demo")
    chosen = parser.parse_args()
    # The app's owner, who may open files; a page run without a browser has no address.
    access.connection = lambda: access.Connection(None, {"Host": "localhost:8501"})
    _count(dicom, "read_dicom", "decodes")
    _count(CompactBackbone, "image_tokens", "passes")
    _count(ClipBackbone, "image_tokens", "passes")
    print(f"{machine()}; {chosen.model}, films of {ROWS} x {COLUMNS} in JPEG 2000")
    print(f"{'page':8} {'what':12} {'decodes':>8} {'passes':>7} {'seconds':>8} {'CPU s':>7}")
    with tempfile.TemporaryDirectory() as folder:
        manifest = write_films(Path(folder), chosen.films)
        app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=900)
        app.query_params["model"] = chosen.model
        app.run()
        _report("home", "first look", lambda: _open(app, manifest))
        for page in ("home", "compare"):
            if page != "home":
                _report(page, "this study", lambda: app.switch_page("../pages/compare.py").run())
            for _ in range(2):
                _report(page, "next study", lambda: app.sidebar.button(key="next").click().run())
            _report(page, "new prompt", lambda page=page: _prompt(app, f"{page}: a left nodule"))
            assert not app.exception, app.exception


def write_films(folder: Path, count: int) -> Path:
    """A manifest of phantoms on large films, with a box of each first finding."""
    studies = open_studies(f"phantom:n={8 * count},seed=3,size=1024")
    rows = [row for row in range(len(studies)) if studies.boxes(row)][:count]
    with (folder / "manifest.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "image", "text", "boxes"])
        for row in rows:
            name = f"film{row}.dcm"
            (folder / name).write_bytes(_film(studies.image(row), row))
            box = studies.boxes(row)[0]
            across, down = COLUMNS / 1024, ROWS / 1024
            drawn = {"label": box.label, "x": box.x * across, "y": box.y * down,
                     "w": box.w * across, "h": box.h * down}  # fmt: skip
            text = str(studies.table["text"].iloc[row])
            table.writerow([f"film{row}", name, text, json.dumps([drawn])])
    return folder / "manifest.csv"


def _film(image: np.ndarray, seed: int) -> bytes:
    from io import BytesIO

    large = np.asarray(Image.fromarray(image).resize((COLUMNS, ROWS), Image.Resampling.BICUBIC))
    noise = np.random.default_rng(seed).normal(0, 12, large.shape)  # a detector's
    pixels = np.clip(large * 16 + noise, 0, 4095).astype(np.uint16)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    kind = uid.DigitalXRayImageStorageForPresentation
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = kind
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid.generate_uid()
    dataset.Modality, dataset.ViewPosition = "DX", "PA"
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = ROWS, COLUMNS, 1
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.compress(uid.JPEG2000Lossless, generate_instance_uid=False)
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _count(owner: Any, name: str, what: str) -> None:
    """Count the calls of a function of a module or class."""
    plain = getattr(owner, name)

    def counting(*args: Any, **kwargs: Any) -> Any:
        counted[what] += 1
        return plain(*args, **kwargs)

    setattr(owner, name, counting)


def _report(page: str, what: str, action: Callable[[], Any]) -> None:
    before, wall, cpu = Counter(counted), time.perf_counter(), time.process_time()
    action()
    spent = Counter(counted)
    spent.subtract(before)
    seconds = f"{time.perf_counter() - wall:8.1f} {time.process_time() - cpu:7.1f}"
    print(f"{page:8} {what:12} {spent['decodes']:8d} {spent['passes']:7d} {seconds}", flush=True)


def _open(app: AppTest, manifest: Path) -> None:
    pick = next(box for box in app.sidebar.selectbox if box.label == "Study set")
    pick.set_value("another set").run()
    next(box for box in app.sidebar.text_input if box.label == "Set").set_value(str(manifest)).run()


def _prompt(app: AppTest, text: str) -> None:
    next(box for box in app.text_input if box.label in _PROMPT_BOXES).set_value(text).run()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
