"""Weights of a published checkpoint, read without running any code that the file may carry."""

import json
import zipfile
from os.path import isfile
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from core.backbones.bounds import check_archive, check_tensors
from core.errors import ExplorerError


def read_state(path: Path) -> dict[str, Tensor]:
    """Tensors of a .safetensors file or of a state dict in a .pt, .pth or .bin file, by name.

    Wrappings that trainers put around it ("state_dict", "model", "module.") are taken off.

    Raises:
        ExplorerError: no such file, one that is damaged or says more than it holds, a TorchScript
            archive or no state dict.
    """
    if not isfile(path):
        raise ExplorerError(f"There is no checkpoint {path}; check the path.")
    if _is_torchscript(path):
        raise ExplorerError(
            f"{path.name} is a TorchScript archive, which would run code of its own when loaded; "
            "where you trust it, convert it once with `python -c \"import torch; "
            f"torch.save(torch.jit.load('{path.name}', 'cpu').state_dict(), 'weights.pt')\"` and "
            "use weights.pt."
        )
    check_archive(path)
    try:
        if path.suffix == ".safetensors":
            found: Any = load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # a damaged pickle can fail anywhere: IndexError, struct.error, ...
        raise ExplorerError(
            f"{path.name} is damaged or no plain state dict (weights are loaded without running "
            "code); save it with torch.save(model.state_dict(), ...) or as safetensors."
        ) from None
    for key in ("state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict):
        raise ExplorerError(f"{path.name} holds no state dict.")
    state = {
        str(name).removeprefix("module."): value
        for name, value in found.items()
        if isinstance(value, Tensor)
    }
    check_tensors(state, path)
    return state


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        ExplorerError: the file is not there, or is something else.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ExplorerError(
            f"{path.parent.name}/{path.name} is missing or no JSON object; fetch it again."
        )
    return found


def _is_torchscript(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False  # no archive or a damaged one, which the loader says


def load_strictly(model: torch.nn.Module, state: dict[str, Tensor], said: str) -> None:
    """Load weights whose names and shapes must be those of the model, as float32.

    Args:
        said: begins the sentence about what does not fit ("clip.pt is not in OpenAI's layout").

    Raises:
        ExplorerError: tensors are missing, left over or of another shape.
    """
    expected = model.state_dict()
    wrong = sorted(
        name for name in expected.keys() | state.keys()
        if name not in state or name not in expected or state[name].shape != expected[name].shape
    )  # fmt: skip
    if wrong:
        raise ExplorerError(
            f"{said}: {len(wrong)} of {len(expected)} tensors differ, the first is {wrong[0]} "
            f"(expected {_shape(expected, wrong[0])}, found {_shape(state, wrong[0])})."
        )
    model.load_state_dict(
        {name: value.float() if value.is_floating_point() else value
         for name, value in state.items()}
    )  # fmt: skip


def _shape(state: dict[str, Tensor], name: str) -> str:
    return " x ".join(map(str, state[name].shape)) or "one number" if name in state else "none"
