"""Side by side: the same work by this project and by the libraries that people would use for it.

    python benchmarks/peers.py [--rounds 9] [--only map auc]

One run, one table. In every round each way does its work once, in an order that turns, so that
whatever else the computer does meets all alike; the ratio is the median over rounds of our seconds
over those of the quickest other way in the same round. Before the clock starts every way runs once,
and where both give numbers they are compared.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from unittest.mock import patch

import faiss
import numpy as np
import pydicom
import torch
from captum.attr import LayerGradCam
from machine import machine
from open_clip import image_transform
from PIL import Image
from pytorch_grad_cam import GradCAM
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchmetrics.classification import BinaryAUROC
from torchmetrics.wrappers import BootStrapper

from core.archive.search import Searcher, exact_index
from core.attribution.gradcam import gradcam
from core.attribution.target import Target, zero_shot_score
from core.films.read import read_image
from core.inference.images import Images
from core.inference.predictor import Predictor, load_predictor
from core.inference.prompts import FindingPrompts, PromptSet, against_negation
from core.lrclr.model import LRCLR
from core.metrics.auc import bootstrap_auc
from core.paths import ROOT
from core.precision import use_bfloat16
from core.specs import open_studies

sys.path.insert(0, str(ROOT / "tests"))

import dicom_files
from served import free_port, open_page, served

OURS = "ours"
TEXT = "left pleural effusion"
ARCH = "ViT-B-32-quickgelu"  # random weights take as long as any
Ways = Mapping[str, Callable[[], object]]


@dataclass(frozen=True)
class Row:
    """Ways to do one thing."""

    what: str
    ways: Ways  # ours under `OURS`


class Scores(nn.Module):
    """Pixels to one score (B, 1), as both libraries of maps take a model."""

    def __init__(self, model: LRCLR, score: Target) -> None:
        super().__init__()
        self.model, self.score = model, score

    def forward(self, pixels: Tensor) -> Tensor:
        """Score of the one text."""
        return self.score(self.model, self.model.encode_image(pixels))[:, None]


def _maps(predictor: Predictor, module: nn.Module, layer: int, what: str) -> Row:
    """A Grad-CAM of one film, from its pixels."""
    model, backbone = predictor.model, predictor.model.backbone
    score = zero_shot_score("global", against_negation([TEXT]), predictor.encode_texts)
    film = backbone.preprocess(open_studies("phantom:val,n=1").image(0))[None]
    scored = Scores(model, score)

    def grid(tokens: Tensor) -> Tensor:
        return tokens[:, 1:].transpose(1, 2).unflatten(2, backbone.grid)

    def grad_cam() -> object:
        with GradCAM(scored, [module], grid) as cam:
            return cam(film.clone().requires_grad_(), [lambda out: out[0]])

    def captum() -> object:
        pixels = film.clone().requires_grad_()
        return LayerGradCam(scored, module).attribute(pixels, 0, attr_dim_summation=False)

    def ours() -> object:
        images = Images(model, film)
        return gradcam(model, images.inputs, score, variant="gradcam", layer=layer)

    return Row(what, {"pytorch-grad-cam": grad_cam, "captum": captum, OURS: ours})


def maps(scratch: Path) -> Iterator[Row]:
    """Of the embedded model and of a ViT-B/32."""
    demo = load_predictor("demo")
    yield _maps(demo, demo.model.backbone.blocks[1], 2, "Grad-CAM of a film, `demo`")
    vit = load_predictor(f"open_clip:{ARCH}")
    blocks = vit.model.backbone.model.visual.transformer.resblocks
    yield _maps(vit, blocks[9], 10, "Grad-CAM of a film, ViT-B/32")


class Folder(Dataset[Tensor]):
    """Pictures of a folder as open_clip's transform gives them."""

    def __init__(self, folder: Path, size: int) -> None:
        self.paths, self.transform = sorted(folder.iterdir()), image_transform(size, is_train=False)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> Tensor:
        return self.transform(Image.open(self.paths[row]))


def folder(scratch: Path) -> Iterator[Row]:
    """Zero-shot scores of one finding, from the files of 32 films; nothing is kept of them."""
    films = scratch / "films"
    films.mkdir()
    studies = open_studies("phantom:val,n=32")
    for row in range(32):
        film = Image.fromarray(studies.image(row).astype(np.uint8))
        film.resize((1024, 1024)).save(films / f"{row:02}.png")
    ours = load_predictor(f"open_clip:{ARCH}")
    texts = FindingPrompts((TEXT,), (f"no {TEXT}",))
    prompts = PromptSet({"Effusion": texts})
    sides = ours.encode_texts(prompts.all_texts()).text_features
    model, size = ours.model.backbone.model, ours.model.backbone.preprocess.size

    @torch.no_grad()
    def loop() -> Tensor:
        batches = DataLoader(Folder(films, size), 32)
        parts = [model.encode_image(pixels, normalize=True) for pixels in batches]
        yes, no = (torch.cat(parts) @ sides.T).T
        return yes - no

    def own() -> np.ndarray:
        with tempfile.TemporaryDirectory() as fresh, patch.dict(os.environ, LRCLR_CACHE=fresh):
            return ours.score_set(open_studies(str(films)), prompts)["global"][:, 0]

    apart = np.abs(loop().numpy() - own())
    assert apart.max() < 0.01 < np.ptp(own()) * 10, apart
    yield Row("zero-shot of 32 films in a folder, ViT-B/32", {
        "open_clip in a loop": loop, OURS: own,
    })  # fmt: skip


def page(scratch: Path) -> Iterator[Row]:
    """A first page that a server sends whole to a new session; the server has been asked before."""
    minimal = scratch / "minimal.py"
    minimal.write_text('import streamlit as st\nst.title("Minimal")\n')
    commands = {"minimal Streamlit page": ["streamlit", "run", str(minimal)],
                OURS: ["lrclr_explorer"]}  # fmt: skip
    with ExitStack() as servers:
        ways: dict[str, Callable[[], object]] = {}
        for name, command in commands.items():
            port = free_port()
            url = f"http://127.0.0.1:{port}/"
            environment = {
                **os.environ, "LRCLR_CACHE": str(scratch / "cache"), "PYTHONPATH": str(ROOT),
                "STREAMLIT_SERVER_HEADLESS": "true", "STREAMLIT_SERVER_PORT": str(port),
            }  # fmt: skip
            run = [sys.executable, "-m", *command]
            servers.enter_context(served(run, environment, scratch, f"{url}_stcore/health"))
            ways[name] = lambda url=url: open_page(url)  # type: ignore[misc]
        yield Row("page open (Home)", ways)


def search(scratch: Path) -> Iterator[Row]:
    """The nearest 20 of 200,000 vectors to one."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((200_000, 512), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    query = vectors[7] + 0.1 * rng.standard_normal(512, dtype=np.float32)
    flat = faiss.IndexFlatIP(512)
    flat.add(vectors)
    ours = Searcher(exact_index(vectors), np.arange(len(vectors)))
    assert ours.nearest(query, 1)[0].row == flat.search(query[None], 1)[1][0, 0] == 7
    yield Row("search of 200,000 x 512, exact", {
        "faiss IndexFlatIP": lambda: flat.search(query[None], 20),
        OURS: lambda: ours.nearest(query, 20),
    })  # fmt: skip


def auc(scratch: Path) -> Iterator[Row]:
    """AUC of 1,000 cases with an interval of 1,000 resamples."""
    rng = np.random.default_rng(0)
    truth = (rng.random(1000) < 0.2).astype(float)
    score = truth + rng.normal(size=1000)

    def loop() -> tuple[float, float]:
        draws = np.random.default_rng(1).integers(0, 1000, (1000, 1000))
        low, high = np.quantile([roc_auc_score(truth[d], score[d]) for d in draws], [0.025, 0.975])
        return float(low), float(high)

    def metrics() -> tuple[float, float]:
        torch.manual_seed(0)
        quantiles = torch.tensor([0.025, 0.975])
        strapped = BootStrapper(BinaryAUROC(), 1000, quantile=quantiles)
        strapped.update(torch.from_numpy(score), torch.from_numpy(truth).long())
        low, high = strapped.compute()["quantile"].tolist()
        return low, high

    own = bootstrap_auc(truth, score)
    for low, high in (loop(), metrics()):
        assert abs(low - own.low) < 0.01 and abs(high - own.high) < 0.01
    yield Row("AUC of 1,000 cases, 1,000 resamples", {
        "scikit-learn in a loop": loop, "torchmetrics BootStrapper": metrics,
        OURS: lambda: bootstrap_auc(truth, score),
    })  # fmt: skip


def dicom(scratch: Path) -> Iterator[Row]:
    """A film of 2,048 x 2,048 as grey levels through its window."""
    path = scratch / "film.dcm"
    pixels = np.random.default_rng(0).integers(0, 4096, (2048, 2048)).astype(np.uint16)
    path.write_bytes(dicom_files.dicom(pixels, WindowCenter=2048, WindowWidth=4096))

    def theirs() -> np.ndarray:
        data = pydicom.dcmread(path)
        values = data.pixel_array.astype(np.float32)
        low = float(data.WindowCenter) - 0.5 - (float(data.WindowWidth) - 1) / 2
        return np.clip((values - low) / (float(data.WindowWidth) - 1), 0, 1) * 255

    def ours() -> np.ndarray:
        return read_image(path).pixels

    assert np.abs(theirs() - ours()).max() < 1
    yield Row("DICOM of 2,048 x 2,048, 16 bits", {"pydicom and NumPy": theirs, OURS: ours})


ROWS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "map": maps, "folder": folder, "page": page, "search": search, "auc": auc, "dicom": dicom,
}  # fmt: skip


def measure(row: Row, rounds: int) -> dict[str, list[float]]:
    """Seconds of each way, round by round."""
    names = list(row.ways)
    for name in names:
        row.ways[name]()
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            began = time.perf_counter()
            row.ways[name]()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def lines(row: Row, seconds: Mapping[str, list[float]]) -> Iterator[str]:
    """Of the table: each other way, then ours beside the quickest of them."""
    others = [name for name in row.ways if name != OURS]
    quickest = min(others, key=lambda name: median(seconds[name]))
    for name in others:
        ratios = [a / b for a, b in zip(seconds[OURS], seconds[name], strict=True)]
        mark = f"**{median(ratios):.2f}**" if name == quickest else f"{median(ratios):.2f}"
        yield (
            f"| {row.what} | {name} | {1000 * median(seconds[name]):.1f} | "
            f"{1000 * median(seconds[OURS]):.1f} | {mark} ({min(ratios):.2f} to "
            f"{max(ratios):.2f}) |"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", nargs="+", choices=list(ROWS), default=list(ROWS))
    given = parser.parse_args()
    bf16 = "bfloat16 in hardware" if use_bfloat16("auto", torch.device("cpu")) else "fp32 alone"
    threads = torch.get_num_threads()
    print(f"{machine()}; {threads} threads, {bf16}; median of {given.rounds} rounds")
    print("\n| what | another way | its ms | ours, ms | ours / its (least to most) |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        for name in given.only:
            for row in ROWS[name](Path(scratch)):
                for line in lines(row, measure(row, given.rounds)):
                    print(line, flush=True)


if __name__ == "__main__":
    main()
