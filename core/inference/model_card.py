"""What a model is: sizes, input, text tower, files with SHA-256, licence, what it learned from.

Numbers are read from the loaded model and its files. Licence and training data come from the model
card beside the weights, else from what its publisher says (`core.backbones.known`), else they are
"not stated".
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from hashlib import file_digest
from pathlib import Path
from typing import Any

from core.backbones.known import NOT_STATED, KnownModel, facts
from core.backbones.registry import split_size
from core.lrclr.checkpoint import model_notes
from core.lrclr.folders import WEIGHTS, model_folder
from core.lrclr.model import LRCLR
from core.weights import weights_hash

_GEOMETRY = {
    "letterbox": "whole image on black, aspect kept", "squash": "stretched to a square",
    "crop": "centre of the longer side cut out", "crop-floor": "centre of the longer side cut out",
}  # fmt: skip
_PHANTOM_SPEC = re.compile(r"phantom:[\w=,.-]*")
_FAILS = re.compile(r"^## Where it fails\n(.+?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_DRAWN_ALONE = (
    "This model learned from drawn phantoms alone: on a real film its score means nothing medical. "
    "What carries over is how the method works and fails."
)
_STAGES = 20  # of training, each from the model of the one before
_IMAGE_PARTS = ("visual", "vision_model", "visual_projection")


@dataclass(frozen=True)
class FileFacts:
    """A file of weights."""

    name: str
    size: int  # bytes
    sha256: str


@dataclass(frozen=True)
class ModelCard:
    """See the module; counts are of parameters."""

    spec: str
    parameters: int
    image_parameters: int
    text_parameters: int
    added_parameters: int  # LRCLR's layers
    tower: str
    members: int  # checkpoints of an ensemble
    input_size: int  # side in pixels
    grid: tuple[int, int]
    mean: tuple[float, ...]  # on the 0..255 scale
    std: tuple[float, ...]
    resize: str
    embed_dim: int
    tokenizer: str
    context_length: int
    weights_hash: str  # of the weights in memory, whatever file they came from
    files: tuple[FileFacts, ...]
    facts: KnownModel
    remarks: tuple[str, ...] = ()  # what its files do not say and is guessed

    def rows(self) -> list[tuple[str, str]]:
        """What it is and how it reads, for a table."""
        shares = [f"{count / 1e6:.1f} M {part}" for part, count in (
            ("image", self.image_parameters), ("text", self.text_parameters),
            ("added by LRCLR", self.added_parameters)) if count]  # fmt: skip
        statistics = (" / ".join(f"{v:.1f}" for v in values) for values in (self.mean, self.std))
        rows = [
            ("Parameters", f"{self.parameters / 1e6:.1f} M ({', '.join(shares)})"),
            ("Image tower", self.tower),
            ("Input", f"{self.input_size} x {self.input_size}, a grid of "
                      f"{self.grid[0]} x {self.grid[1]} patches"),
            ("Resizing", self.resize),
            ("Mean / std of 0..255", " and ".join(statistics)),
            ("Embedding", f"{self.embed_dim} numbers"),
            ("Tokenizer", self.tokenizer),
            ("Context", f"{self.context_length} word pieces"),
            ("Licence", self.facts.licence),
            ("Source", self.facts.source),
            ("Trained on", self.facts.trained_on),
            ("Hash of the weights", self.weights_hash),
        ]  # fmt: skip
        if fails := where_it_fails(self.spec):
            rows.insert(-1, ("On real films", fails))
        if self.members > 1:
            rows.insert(1, ("Ensemble", f"{self.members} checkpoints, probabilities averaged"))
        rows += [("Guessed", remark) for remark in self.remarks]
        for file in self.files:
            rows.append((file.name, f"{file.size / 1e6:.1f} MB, SHA-256 {file.sha256}"))
        return rows

    def to_json(self) -> dict[str, Any]:
        """Every field as plain JSON values."""
        return asdict(self)


def model_card(model: LRCLR, spec: str) -> ModelCard:
    """Describe a model that `load_model(spec)` gave."""
    backbone, preprocess = model.backbone, model.backbone.preprocess
    image, text, added = _counts(model)
    folder = model_folder(spec)
    files = (folder / WEIGHTS,) if folder else backbone.files
    pooled = "CLS token" if backbone.prefix else "attention pool, no CLS token"
    kind = f"ViT of {backbone.depth} blocks, {backbone.heads} heads"
    if not backbone.heads:
        kind, pooled = "convolutions", "the mean of all places"
    resize = _GEOMETRY[preprocess.mode]
    if preprocess.pad_to:
        resize = f"first to {preprocess.pad_to} px by Lanczos: {resize}; then"
    if preprocess.shortest:
        resize += f", of the film with its short side at {preprocess.shortest} px"
    if preprocess.stretch:
        resize = f"grey values stretched from black to white; {resize}"
    antialias = "" if preprocess.antialias else " without antialias"
    return ModelCard(
        spec=spec, parameters=image + text + added, image_parameters=image, text_parameters=text,
        added_parameters=added,
        tower=f"{kind}, width {backbone.width}; {pooled}",
        members=backbone.members, input_size=preprocess.size, grid=backbone.grid,
        mean=preprocess.mean, std=preprocess.std,
        resize=f"{resize}, {preprocess.interpolation}{antialias}",
        embed_dim=backbone.embed_dim, tokenizer=backbone.tokenizer_name,
        context_length=backbone.context_length, weights_hash=weights_hash(model),
        files=tuple(_file(path) for path in files),
        facts=_facts_of_run(spec, folder) if folder else _published(spec, files),
        remarks=backbone.remarks,
    )  # fmt: skip


def learned_from_drawings(spec: str) -> bool:
    """Whether a model of this project learned from drawn phantoms alone, by what it says itself.

    False for any other model, and where it does not say: then it may have seen films.
    """
    sets = _training_sets(spec)
    return bool(sets) and all(_PHANTOM_SPEC.fullmatch(name) for name in sets)


def where_it_fails(spec: str) -> str:
    """What a reader of a real film's scores must know; empty where nothing is stated.

    The first paragraph of a part "Where it fails" of the card beside the weights.
    """
    folder = model_folder(spec)
    for readme in _readmes((folder / WEIGHTS,)) if folder else ():
        if told := _FAILS.search(readme.read_text(encoding="utf-8", errors="replace")):
            return " ".join(told[1].strip().split("\n\n")[0].split())
    return _DRAWN_ALONE if learned_from_drawings(spec) else ""


def _training_sets(spec: str) -> tuple[str, ...]:
    """Sets that a model of this project learned from, start and all; empty where not known.

    By the card beside its weights, which knows of every stage, else by the notes of its run and by
    what its start says.
    """
    sets: list[str] = []
    for _ in range(_STAGES):
        folder = model_folder(spec)
        if folder is None:
            return tuple(sets) if spec.startswith("compact:") else ()
        if stated := _stated_sets(folder):
            return (*sets, *stated)
        notes = model_notes(folder)
        stage = notes.get("finetune") or notes.get("pretrain")
        if not isinstance(stage, dict) or "data" not in stage:
            return ()
        sets.append(str(stage["data"]))
        spec = str(stage.get("model", "compact:"))
    return ()  # a start that names itself


def _stated_sets(folder: Path) -> tuple[str, ...]:
    """The `datasets` of a model card; empty without one."""
    for readme in _readmes((folder / WEIGHTS,)):
        sets = _front_matter(readme).get("datasets")
        if isinstance(sets, list):
            return tuple(map(str, sets))
    return ()


def _front_matter(readme: Path) -> dict[str, Any]:
    """Of a model card; empty where it has none, or one that is no YAML."""
    from huggingface_hub import ModelCard as HubCard

    try:
        return HubCard.load(readme, ignore_metadata_errors=True).data.to_dict()
    except Exception:  # front matter is YAML of any kind; a card that is none says nothing
        return {}


def _counts(model: LRCLR) -> tuple[int, int, int]:
    """Parameters of the image tower, the text tower and the added layers."""
    image = text = added = 0
    for name, parameter in model.named_parameters():
        parts = name.split(".")
        if parts[0] != "backbone":
            added += parameter.numel() if model.config.added_layers else 0
        elif any(part in _IMAGE_PARTS for part in parts) or (
            parts[1] not in ("model", "parts", "text", "logit_scale")
        ):
            image += parameter.numel()
        else:
            text += parameter.numel()
    return image, text, added


def _file(path: Path) -> FileFacts:
    with path.open("rb") as file:
        return FileFacts(path.name, path.stat().st_size, file_digest(file, "sha256").hexdigest())


def _published(spec: str, files: tuple[Path, ...]) -> KnownModel:
    """What the model card beside the weights says, over what is known of the spec."""
    known = facts(split_size(spec)[0])
    for readme in _readmes(files):
        data = _front_matter(readme)
        if isinstance(data.get("license"), str):
            known = replace(known, licence=f"{data['license']} (model card)")
        sets = data.get("datasets")
        if known.trained_on == NOT_STATED and isinstance(sets, list) and sets:
            known = replace(known, trained_on=f"{', '.join(map(str, sets))} (model card)")
    return known


def _readmes(files: tuple[Path, ...]) -> Iterator[Path]:
    for folder in dict.fromkeys(file.parent for file in files):
        if (folder / "README.md").is_file():
            yield folder / "README.md"


def _facts_of_run(spec: str, folder: Path) -> KnownModel:
    known = facts(spec)
    if known != KnownModel():  # an embedded one, whose files say what it learned from
        sets = _training_sets(spec)
        drawn = learned_from_drawings(spec)
        return known if drawn or not sets else replace(known, trained_on=", ".join(sets))
    run = model_notes(folder).get("finetune")
    if not isinstance(run, dict):
        return KnownModel()
    start, data = str(run.get("model")), str(run.get("data"))
    base = facts(split_size(start)[0])
    return KnownModel(
        f"that of {start}: {base.licence}", f"a run of this project, from {start}",
        f"{data}, by LRCLR; before that: {base.trained_on}",
    )  # fmt: skip
