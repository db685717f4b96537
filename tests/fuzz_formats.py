"""The formats that are fuzzed: sound files to damage, traps, and the public way to read each.

To add one: a function of `FORMATS`' kind for its sound files and its reader, and a line there.
"""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from gzip import compress
from importlib.util import find_spec
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import fuzz_traps as traps
import numpy as np
from ct_files import affine_of, write_nifti, write_series
from dicom_files import LOSSLESS, LOSSY, NATIVE, dicom, jpeg_dicom, lossless_jpeg_dicom
from fuzz_mutations import mutate
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core.errors import ExplorerError

if TYPE_CHECKING:
    from torch import Tensor

_TRAPS = 0.08  # of all cases


@dataclass(frozen=True)
class Format:
    """One kind of file.

    Attributes:
        share: of all cases, in parts.
        sound: files that can be read.
        read: reads a file of a folder of its own, as a user's would be; the reader may refuse it by
            an `ExplorerError`.
    """

    name: str
    file: str
    share: int
    sound: Callable[[], list[bytes]]
    traps: tuple[Callable[[Random], bytes], ...]
    read: Callable[[Path], object]

    def case(self, number: int, seed: int) -> bytes:
        """The bytes of a case, the same at every call."""
        rng = Random(f"{seed}/{self.name}/{number}")
        if self.traps and rng.random() < _TRAPS:
            return rng.choice(self.traps)(rng)
        sound = self.sound()
        return mutate(rng.choice(sound), sound, rng)


def _film(side: int = 48) -> np.ndarray:
    ramp = np.add.outer(np.arange(side) * 37, np.arange(side) * 11)
    return (ramp % 4096).astype(np.uint16)


@lru_cache
def _dicoms() -> list[bytes]:
    film = _film()
    byte = (film >> 4).astype(np.uint8)
    windowed = {"WindowCenter": [2048, 900], "WindowWidth": [4096, 300], "RescaleSlope": "1.5",
                "RescaleIntercept": "-3", "PixelPaddingValue": 0, "PixelSpacing": [0.2, 0.1],
                "ViewPosition": "PA", "PatientOrientation": ["L", "F"]}  # fmt: skip
    found = [dicom(film, 12, syntax, **windowed) for syntax in (*NATIVE, *LOSSLESS, *LOSSY)]
    found += [jpeg_dicom(byte), lossless_jpeg_dicom(film, 12), dicom(byte, 8, NATIVE[0])]
    colour = {"SamplesPerPixel": 3, "PlanarConfiguration": 0}
    rgb = np.repeat(byte[..., None], 3, axis=2)
    found.append(jpeg_dicom(rgb, PhotometricInterpretation="YBR_FULL_422", **colour))
    found.append(dicom(rgb, 8, PhotometricInterpretation="RGB", **colour))
    entries = np.arange(0, 65536, 256, dtype="<u2").tobytes()
    palette = {f"{c}PaletteColorLookupTable{k}": v for c in ("Red", "Green", "Blue")
               for k, v in (("Descriptor", [256, 0, 16]), ("Data", entries))}  # fmt: skip
    found.append(dicom(byte, 8, PhotometricInterpretation="PALETTE COLOR", **palette))
    found.append(dicom(np.stack([film] * 3), 12, NumberOfFrames=3))
    return found


def _read_image(path: Path) -> object:
    from core.films.read import read_image

    loaded = read_image(path)
    assert loaded.pixels.ndim == 2 and 0 <= loaded.pixels.min() <= loaded.pixels.max() <= 255
    return loaded.notes, [loaded.film.show(voi).shape for voi in loaded.film.presets.values()]


@lru_cache
def _pngs() -> list[bytes]:
    film, info = _film(), PngInfo()
    info.add_text("Comment", "film " * 40, zip=True)
    grey = Image.fromarray((film >> 4).astype(np.uint8))
    pictures = [grey, Image.fromarray(film * 16), grey.convert("RGB"), grey.convert("RGBA"),
                grey.convert("P"), grey.convert("1"), grey.convert("LA")]  # fmt: skip
    return [_encoded(picture, "PNG", pnginfo=info) for picture in pictures]


@lru_cache
def _jpegs() -> list[bytes]:
    grey = Image.fromarray((_film() >> 4).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    return [
        _encoded(grey, "JPEG"), _encoded(grey.convert("RGB"), "JPEG", exif=exif),
        _encoded(grey, "JPEG", progressive=True), _encoded(grey.convert("CMYK"), "JPEG"),
    ]  # fmt: skip


def _encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


@lru_cache
def _manifests() -> list[bytes]:
    boxes = json.dumps([{"label": "Edema", "x": 1, "y": 2, "w": 3, "h": 4}]).replace('"', '""')
    masks = json.dumps({"Edema": "m.png"}).replace('"', '""')
    rows = (
        "id,image,text,view,patient_id,Edema,Fracture,boxes,masks\n"
        f'a,a.png,"No edema. ""Clear"", as before.",PA,p1,0,1,"{boxes}","{masks}"\n'
        "b,b.png,Pleural effusion left.,AP,p2,1,,,\n"
    )
    return [rows.encode(), rows.replace("\n", "\r\n").encode("utf-8-sig"),
            "id,image\né,a.png\n".encode()]  # fmt: skip


def _read_manifest(path: Path) -> object:
    from core.specs import open_studies

    for name in ("a.png", "b.png", "m.png"):
        (path.parent / name).write_bytes(_pngs()[0])
    studies = open_studies(str(path))
    assert studies.labels.isin([0, 1]).to_numpy().any() or studies.labels.isna().to_numpy().any()
    rows = range(min(len(studies), 3))
    return [(studies.study(row), studies.masks(row), studies.film(row)) for row in rows]


@lru_cache
def _clip() -> dict[str, "Tensor"]:
    """A CLIP of one block in each tower, with a vocabulary of 100."""
    import torch

    from core.backbones import openai_checkpoint

    openai_checkpoint._VOCABULARY = 100
    tower = {"layers": 1, "width": 64}
    config = {"embed_dim": 16, "vision": {**tower, "head_width": 64, "patch_size": 8,
                                          "image_size": 16},
              "text": {**tower, "context_length": 8, "vocab_size": 100, "heads": 1}}  # fmt: skip
    torch.manual_seed(0)
    return openai_checkpoint.build_openai(config, False).model.state_dict()


@lru_cache
def _checkpoints() -> list[bytes]:
    import torch

    found = []
    for options in ({}, {"_use_new_zipfile_serialization": False}):
        buffer = io.BytesIO()
        torch.save({"state_dict": _clip()}, buffer, **options)
        found.append(buffer.getvalue())
    return found


@lru_cache
def _safetensors() -> list[bytes]:
    from safetensors.torch import save

    return [save({name: value.contiguous().clone() for name, value in _clip().items()})]


def _read_checkpoint(path: Path) -> object:
    from core.backbones.openai_checkpoint import openai_backbone

    _clip()  # sets the small vocabulary
    return openai_backbone(path, chexzero=True)


@lru_cache
def _model() -> tuple[bytes, bytes]:
    """config.json and model.safetensors of a small model."""
    import torch

    from core.backbones.compact import CompactBackbone, CompactConfig
    from core.lrclr.checkpoint import save_model
    from core.lrclr.config import LRCLRConfig
    from core.lrclr.model import LRCLR

    torch.manual_seed(0)
    sizes = CompactConfig(image_size=64, width=32, depth=1, heads=2, text_depth=1, embed_dim=32)
    with TemporaryDirectory() as folder:
        save_model(LRCLR(CompactBackbone(sizes), LRCLRConfig(k=3)), Path(folder))
        config = (Path(folder) / "config.json").read_bytes()
        return config, (Path(folder) / "model.safetensors").read_bytes()


def _read_model(path: Path) -> object:
    from core.lrclr.checkpoint import load_model

    for name, data in zip(("config.json", "model.safetensors"), _model(), strict=True):
        if path.name != name:
            (path.parent / name).write_bytes(data)
    return load_model(str(path.parent))


_REPORT = b"""<?xml version="1.0" encoding="utf-8"?>
<eCitation><meta type="rr"/><uId id="CXR7"/><MedlineCitation><Article><Abstract>
<AbstractText Label="COMPARISON">None.</AbstractText>
<AbstractText Label="FINDINGS">Large heart. Small left effusion &amp; no edema.</AbstractText>
<AbstractText Label="IMPRESSION">Cardiomegaly.</AbstractText></Abstract></Article></MedlineCitation>
<MeSH><major>Cardiomegaly/mild</major><major>normal</major></MeSH>
<parentImage id="CXR7_IM-2263-1001"><figureId>F1</figureId></parentImage></eCitation>
"""


def _read_report(path: Path) -> object:
    from core.studies.public.open_i import read_reports

    reports, problems = read_reports(path.parent)
    if problems:
        raise ExplorerError(problems[0])
    return reports


@lru_cache
def _volumes() -> list[bytes]:
    """A CT of 10 x 9 x 8 voxels, plain; with another affine, and in floats."""
    values = (np.arange(720).reshape(10, 9, 8) * 2 - 1000).astype(np.int16)
    affine = affine_of(np.diag([-7.0, 7, 7]), values.shape)
    turned = affine_of(np.array([[0.0, 7, 0], [0, 0, 7], [7, 0, 0]]), values.shape)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ct.nii"
        files = [write_nifti(path, *told).read_bytes() for told in
                 ((affine, values), (turned, values), (affine, values.astype(np.float32)))]
    return files  # fmt: skip


def _read_volume(path: Path) -> object:
    from core.ct.nifti import read_nifti

    return read_nifti(path)


@lru_cache
def _slices() -> dict[str, bytes]:
    """A small series by file name."""
    with TemporaryDirectory() as folder:
        series = write_series(Path(folder) / "series", tilt_deg=10, slices=9)
        return {path.name: path.read_bytes() for path in sorted(series.iterdir())}


def _read_slices(path: Path) -> object:
    from core.ct.series import read_series

    series = path.parent / "series"
    series.mkdir(exist_ok=True)
    for name, data in list(_slices().items())[1:]:
        (series / name).write_bytes(data)
    (series / path.name).write_bytes(path.read_bytes())
    return read_series(series)


FORMATS = [
    Format("DICOM", "film.dcm", 30, _dicoms,
           (traps.dicom_sizes, traps.dicom_deflate_bomb, traps.dicom_nested,
            traps.dicom_many_elements, traps.dicom_stream), _read_image),
    Format("PNG", "film.png", 15, _pngs, (traps.png_bomb,), _read_image),
    Format("JPEG", "film.jpg", 12, _jpegs, (traps.jpeg_sizes,), _read_image),
    Format("CSV", "manifest.csv", 15, _manifests, (traps.csv_wide,), _read_manifest),
    Format("pt", "weights.pt", 8, _checkpoints,
           (traps.pickle_code, traps.pickle_bare, traps.pt_zip_bomb, traps.pt_expanded),
           _read_checkpoint),
    Format("safetensors", "weights.safetensors", 6, _safetensors, (traps.safetensors_header,),
           _read_checkpoint),
    Format("config", "config.json", 5, lambda: [_model()[0]], (traps.config_sizes,), _read_model),
    Format("weights", "model.safetensors", 4, lambda: [_model()[1]],
           (traps.safetensors_header,), _read_model),
    Format("NIfTI", "ct.nii", 5, _volumes, (), _read_volume),
    Format("NIfTI.gz", "ct.nii.gz", 3, lambda: [compress(one) for one in _volumes()], (),
           _read_volume),
    Format("CT slice", "IM0000", 6, lambda: list(_slices().values())[:1], (traps.dicom_sizes,),
           _read_slices),
]  # fmt: skip
if find_spec("core.studies.public"):
    FORMATS.append(Format("XML", "7.xml", 5, lambda: [_REPORT], (traps.xml_bomb,), _read_report))
