"""Models on disk: a folder with config.json and model.safetensors, and nothing that runs code."""

import json
import os
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save

from core.backbones.bounds import check_description
from core.backbones.registry import build_backbone, load_backbone, names_backbone
from core.errors import ExplorerError
from core.files import write_text_whole, write_whole
from core.lrclr.config import LRCLRConfig
from core.lrclr.folders import CONFIG, EMBEDDED, WEIGHTS, model_folder
from core.lrclr.model import LRCLR
from core.paths import IS_CHECKOUT

MAPS = "maps"
"""Where config.json keeps the search of maps; a model that is trained on is searched anew."""
TEXT = "text"
"""Folder in a model's folder: tokenizer and relatives, where the backbone has such files."""


def load_model(spec: str) -> LRCLR:
    """An eval-mode model by name: `demo`, `demo-base`, a run, a model folder or a backbone spec.

    Raises:
        ExplorerError: nothing of that name, a file that is damaged or of another architecture.
    """
    folder = model_folder(spec)
    if folder is None:
        if not names_backbone(spec):
            raise ExplorerError(
                f"There is no model '{spec}': use demo, demo-base, biomedclip, the name of a run, "
                "a model folder, or a backbone such as chexzero:FILE, hf-hub:ORG/NAME or "
                "open_clip:ViT-B-32-quickgelu/openai."
            )
        return LRCLR(load_backbone(spec), LRCLRConfig(added_layers=False)).eval()
    config = _read_config(folder)
    _check_whole(folder / WEIGHTS)
    try:
        check_description(config, folder / WEIGHTS)
        backbone = build_backbone(config["backbone"], folder / TEXT)
        model = LRCLR(backbone, LRCLRConfig.from_dict(config["lrclr"]))
    except ExplorerError:
        raise
    except Exception:  # sizes that do not fit together can fail in any layer
        raise ExplorerError(
            f"{folder.name}/{CONFIG} describes a backbone this version does not know."
        ) from None
    _load_weights(model, folder / WEIGHTS)
    return model.eval()


def layers_of(spec: str) -> LRCLRConfig:
    """The added layers of a model by name, without its weights; none where it is a backbone.

    Raises:
        ExplorerError: as `load_model`, but for the weights.
    """
    folder = model_folder(spec)
    if folder is None:
        return LRCLRConfig(added_layers=False)
    return LRCLRConfig.from_dict(_read_config(folder)["lrclr"])


def model_notes(folder: Path) -> dict[str, Any]:
    """How a model was made, as `save_model` was told.

    Raises:
        ExplorerError: the folder holds no model of this project.
    """
    notes = _read_config(folder).get("notes")
    return notes if isinstance(notes, dict) else {}


def stored_maps(spec: str, key: str = MAPS) -> Any:
    """What `store_maps` kept with a model by name; None where nothing, or of other weights.

    Args:
        key: the entry of config.json.

    Raises:
        ExplorerError: as `load_model`, but for the weights.
    """
    folder = model_folder(spec)
    config = _read_config(folder) if folder else {}
    kept = config.get(key)
    same = isinstance(kept, dict) and kept.get("sha256") == config.get("sha256")
    return kept if same else None


def check_maps_place(spec: str) -> Path:
    """The folder that a search of a model's maps can be kept in.

    Raises:
        ExplorerError: a model without a folder of this project, or one that pip installed.
    """
    folder = model_folder(spec)
    if folder is None:
        raise ExplorerError(
            f"'{spec}' has no folder of this project to keep a search of maps in; leave out --save "
            "and name the best map where you need it."
        )
    if spec in EMBEDDED and not IS_CHECKOUT:
        raise ExplorerError(
            f"'{spec}' was installed and stays as it was released; copy {folder} to a folder of "
            "your own and name the copy as the model, or leave out --save."
        )
    return folder


def store_maps(spec: str, values: dict[str, Any], key: str = MAPS) -> Path:
    """Keep how well maps of a model point in its config.json, for these weights alone.

    Args:
        key: the entry of config.json.

    Returns:
        The file.

    Raises:
        ExplorerError: a model without a folder of this project.
    """
    folder = check_maps_place(spec)
    config = _read_config(folder)
    config[key] = {"sha256": config.get("sha256"), **values}
    write_text_whole(folder / CONFIG, json.dumps(config, indent=1) + "\n")
    return folder / CONFIG


def save_model(model: LRCLR, folder: Path, notes: dict[str, Any] | None = None) -> None:
    """Write config.json and half-precision weights; each file appears whole or not at all.

    Args:
        notes: kept under "notes": how the model was made.

    Raises:
        OSError: the disk is full; the model that was there before stays whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in model.state_dict().items()
    }
    weights = save(state)
    config = {
        "backbone": model.backbone.describe(),
        "lrclr": model.config.to_dict(),
        "sha256": sha256(weights).hexdigest(),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "notes": notes or {},
    }
    _write_text_files(model, folder / TEXT)
    write_whole(folder / WEIGHTS, lambda partial: partial.write_bytes(weights))
    write_text_whole(folder / CONFIG, json.dumps(config, indent=1) + "\n")


def _write_text_files(model: LRCLR, folder: Path) -> None:
    """Also where the folder is of a model that was here before."""
    partial = folder.with_name(f"{folder.name}.partial")
    rmtree(partial, ignore_errors=True)
    model.backbone.save_text_files(partial)
    rmtree(folder, ignore_errors=True)
    if partial.is_dir():
        os.replace(partial, folder)


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        return {"backbone": dict(config["backbone"]), "lrclr": dict(config["lrclr"]), **config}
    except FileNotFoundError:
        raise ExplorerError(
            f"The model folder '{folder.name}' has no {CONFIG}; the weights are missing from this "
            "checkout: fetch it again, or make them with `python -m core pretrain`."
        ) from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise ExplorerError(
            f"{folder.name}/{CONFIG} is not a model description; it must be JSON with `backbone` "
            "and `lrclr`, as `python -m core finetune` writes it."
        ) from None


def _check_whole(path: Path) -> None:
    where = f"{path.parent.name}/{path.name}"
    try:
        with safe_open(path, "pt"):  # reads the header, and whether the file is as long as it says
            pass
    except FileNotFoundError:
        raise ExplorerError(f"{where} is missing; copy the weights there.") from None
    except (SafetensorError, OSError):
        raise ExplorerError(f"{where} is damaged or no safetensors file; copy it again.") from None


def _load_weights(model: LRCLR, path: Path) -> None:
    where = f"{path.parent.name}/{path.name}"
    state = load_file(path)
    if model.config.fusion == "none":
        state = {name: value for name, value in state.items() if not name.startswith("fusion.")}
    expected = model.state_dict()
    wrong = sorted(
        name
        for name in expected.keys() | state.keys()
        if name not in state or name not in expected or state[name].shape != expected[name].shape
    )
    if wrong:
        raise ExplorerError(
            f"{where} belongs to another architecture: {len(wrong)} of {len(expected)} tensors "
            f"differ, the first is {wrong[0]}; use the {CONFIG} it was saved with."
        )
    model.load_state_dict({name: value.to(torch.float32) if value.is_floating_point() else value
                           for name, value in state.items()})  # fmt: skip
