"""The folder of an archive: one description, the table of the studies, and shards.

`archive.json` says what made the embeddings; `studies.parquet` has the set's texts and labels, one
row per study; `prompts.parquet` the embeddings of the default prompts. `shard-00007.parquet` holds
the studies 7 s to 8 s - 1 of the set, s being the shard size. Whatever is there is whole: files
are written beside and renamed.
"""

import json
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from core.errors import ExplorerError
from core.files import write_text_whole

DESCRIPTION = "archive.json"
STUDIES = "studies.parquet"
PROBLEMS = "problems.csv"
PROMPTS = "prompts.parquet"
FORMAT = 1


@dataclass(frozen=True)
class Description:
    """What an archive was made from and how; an archive continues only under an equal `made_of`."""

    model: str  # spec
    model_hash: str
    preprocess: dict[str, Any]
    data: str  # spec
    fingerprint: str
    studies: int
    precision: str  # "bf16" or "fp32"
    patches: int | None  # kept of each image; None: all of the grid
    grid: tuple[int, int]
    width: int  # d
    shard_size: int
    probe: dict[str, Any] = field(default_factory=dict)  # what the precision was chosen by
    versions: dict[str, str] = field(default_factory=dict)
    # What makes scores of features: the model's LRCLR settings, and how many it is an ensemble of.
    lrclr: dict[str, Any] = field(default_factory=dict)
    members: int = 1
    format: int = FORMAT

    @property
    def shards(self) -> int:
        """How many the whole set makes."""
        return -(-self.studies // self.shard_size)

    def rows(self, shard: int) -> range:
        """Rows of the set in a shard."""
        start = shard * self.shard_size
        return range(start, min(start + self.shard_size, self.studies))

    @property
    def patch_count(self) -> int:
        """Patches kept of each image."""
        whole = self.grid[0] * self.grid[1]
        return whole if self.patches is None else min(self.patches, whole)


def shard_path(folder: Path, shard: int) -> Path:
    """Where a shard lies."""
    return folder / f"shard-{shard:05d}.parquet"


def finished(folder: Path, description: Description) -> list[int]:
    """Shards that are there, in order."""
    return [n for n in range(description.shards) if shard_path(folder, n).is_file()]


def read_description(folder: Path) -> Description | None:
    """What a folder's archive was made of; None where there is none.

    Raises:
        ExplorerError: the file is damaged or of another version.
    """
    path = folder / DESCRIPTION
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["format"] != FORMAT:
            raise ExplorerError(
                f"{path} has format {values['format']}, this version reads {FORMAT}; embed again "
                "into another folder."
            )
        return Description(**{**values, "grid": (int(values["grid"][0]), int(values["grid"][1]))})
    except FileNotFoundError:
        return None
    except ExplorerError:
        raise
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        raise ExplorerError(
            f"{path} is damaged; embed again into another folder, or put the file back."
        ) from None


def write_description(folder: Path, description: Description) -> None:
    """Write `archive.json`."""
    text = json.dumps(asdict(description), indent=1) + "\n"
    write_text_whole(folder / DESCRIPTION, text)


def versions() -> dict[str, str]:
    """Of what the numbers in an archive depend on."""
    names = ("torch", "open_clip_torch", "timm", "transformers", "pydicom", "Pillow", "pyarrow")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}
