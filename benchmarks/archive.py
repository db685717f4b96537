"""How fast `embed` is against the encoder alone, and how much memory it takes.

    python benchmarks/archive.py [--model open_clip:ViT-B-32-quickgelu] [--images 4000] [--side 512]
    python benchmarks/archive.py --memory 1000 20000

The films are drawn phantoms, written as PNG and as uncompressed 12-bit DICOM. Side by side, in
turns: open_clip's own `encode_image` in float32; our encoder on tensors in memory, in the precision
that `embed` takes; `embed` from PNG; `embed` from DICOM. Printed: images a second (median of the
rounds, least to most) and ratios. `embed` is timed from its first image to its last shard, its
worker processes' start among it; loading the model is not. Reading a film takes the same cores as
the model: `at most` is the ratio that is left if the two share them without any loss.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import pydicom
import torch
from machine import machine
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from core.archive.embed import EmbedOptions, embed
from core.archive.encoder import Encoder, probe
from core.inference.predictor import Predictor, load_predictor
from core.preprocessing import Preprocess
from core.specs import open_studies
from core.studies import StudySet

_DIFFERENT = 48  # films that are drawn; the others are links to these


def main() -> None:
    """Read the options, measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", default="open_clip:ViT-B-32-quickgelu")
    options.add_argument("--images", type=int, default=4000)
    options.add_argument("--side", type=int, default=512, help="pixels of a film's sides")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--workers", type=int, default=None)
    options.add_argument("--memory", type=int, nargs="+", help="sizes of sets; nothing is timed")
    chosen = options.parse_args()
    print(f"{machine()}; load {os.getloadavg()[0]:.1f} at the start; {chosen.model}")
    with tempfile.TemporaryDirectory() as folder:
        if chosen.memory:
            for count in chosen.memory:
                films = write_films(Path(folder) / f"png{count}", "png", count, chosen.side)
                print(f"{count:6} images: {_peak(chosen.model, films):.2f} GiB, all processes")
            return
        sets = {
            kind: write_films(Path(folder) / kind, kind, chosen.images, chosen.side)
            for kind in ("png", "dcm")
        }
        _speed(load_predictor(chosen.model), sets, chosen)


def _speed(predictor: Predictor, sets: dict[str, Path], chosen: argparse.Namespace) -> None:
    studies = {kind: open_studies(str(folder)) for kind, folder in sets.items()}
    preprocess = predictor.model.backbone.preprocess
    grey = torch.stack([preprocess.resize(studies["png"].image(row)) for row in range(32)])
    found = probe(predictor, grey[:16])
    precision = found.choice if found else "fp32"
    print(found.sentence() if found else "no bfloat16 in this model")
    encoder = Encoder(predictor.model, precision)
    pixels = preprocess.normalise(grey)
    cast = pixels.to(encoder.dtype)
    visual = getattr(predictor.model.backbone, "model", None)
    reading = {kind: _seconds_to_read(each, preprocess) for kind, each in studies.items()}
    rates: dict[str, list[float]] = {}
    for _ in range(chosen.rounds):
        if visual is not None:
            rates.setdefault("open_clip fp32", []).append(
                _rate(lambda: visual.encode_image(pixels), 256)
            )
        rates.setdefault(f"tensors, {precision}", []).append(
            _rate(lambda: encoder.model.encode_image(cast), max(chosen.images // 2, 256))
        )
        for kind, name in (("png", "embed, PNG"), ("dcm", "embed, DICOM")):
            with tempfile.TemporaryDirectory() as out:
                done = embed(
                    predictor, studies[kind], Path(out) / "a",
                    EmbedOptions(precision=precision, workers=chosen.workers),
                )  # fmt: skip
            rates.setdefault(name, []).append(done.rate)
            rates.setdefault(f"{name}: % waiting", []).append(100 * done.waiting)
    _print(rates, f"tensors, {precision}")
    bare = 1 / statistics.median(rates[f"tensors, {precision}"])
    for kind, seconds in reading.items():
        share = bare / (bare + seconds / (os.cpu_count() or 1))
        print(f"{kind}: read and resized in {1000 * seconds:.1f} ms on one core, so at most "
              f"{share:.2f} of tensors")  # fmt: skip


def _seconds_to_read(studies: StudySet, preprocess: Preprocess) -> float:
    """Seconds of one core that a film takes, the median of those that differ."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    for row in [0, *range(min(_DIFFERENT, len(studies)))]:
        started = time.process_time()
        preprocess.resize(studies.image(row))
        times.append(time.process_time() - started)
    torch.set_num_threads(threads)
    return statistics.median(times[1:])


@torch.inference_mode()
def _rate(encode: object, images: int) -> float:
    assert callable(encode)
    encode()
    started = time.perf_counter()
    for _ in range(images // 32):
        encode()
    return images // 32 * 32 / (time.perf_counter() - started)


def _print(rates: dict[str, list[float]], bare: str) -> None:
    middle = {name: statistics.median(values) for name, values in rates.items()}
    for name, values in rates.items():
        line = f"{name:24} {middle[name]:7.1f} ({min(values):.1f} to {max(values):.1f})"
        if "waiting" not in name:
            line += f"  images/s   {middle[name] / middle[bare]:.2f} of tensors"
            if "open_clip fp32" in middle:
                line += f", {middle[name] / middle['open_clip fp32']:.2f} of open_clip"
        print(line)


def _peak(model: str, films: Path) -> float:
    """Most memory of `embed` with its workers, in GiB, seen ten times a second."""
    out = films.with_name(f"{films.name}-out")
    command = [sys.executable, "-m", "core", "embed", "--model", model, "--data", str(films),
               "--out", str(out)]  # fmt: skip
    running = psutil.Popen(command, stdout=subprocess.DEVNULL)
    most = 0.0
    while running.poll() is None:
        total = 0
        for process in [running, *_children(running)]:
            try:
                # Proportional: pages that processes share count once.
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
        most = max(most, total / 2**30)
        time.sleep(0.1)
    shutil.rmtree(out, ignore_errors=True)
    return most


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def write_films(folder: Path, kind: str, count: int, side: int) -> Path:
    """A folder of films, `kind` png or dcm."""
    folder.mkdir(parents=True)
    drawn = open_studies(f"phantom:n={min(_DIFFERENT, count)},seed=11,size={side}")
    rng = np.random.default_rng(0)
    for number in range(count):
        path = folder / f"{number:06}.{kind}"
        if number < len(drawn):
            # Detectors are noisier than the drawing, and noise is what PNG finds hard.
            film = np.clip(drawn.image(number) + rng.normal(0, 2, (side, side)), 0, 255)
            _write(path, kind, film)
        else:
            os.link(folder / f"{number % len(drawn):06}.{kind}", path)
    return folder


def _write(path: Path, kind: str, film: NDArray[np.floating]) -> None:
    if kind == "png":
        Image.fromarray(np.rint(film).astype(np.uint8)).save(path)
        return
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, generate_uid()
    data.Modality, data.ViewPosition, data.BodyPartExamined = "DX", "PA", "CHEST"
    data.Rows, data.Columns = film.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.WindowCenter, data.WindowWidth = 2048, 4096
    data.PixelData = np.rint(film * (4095 / 255)).astype("<u2").tobytes()
    pydicom.dcmwrite(path, data)


if __name__ == "__main__":
    main()
