"""Published models from the Hugging Face Hub: what is here already, else fetched with progress.

What a model needs is looked for in the Hub's cache first, without a word to the network. What must
be fetched states its size and licence before, is resumed where it was cut off (huggingface_hub does
that), and has its SHA-256 compared with the one the Hub states. Where the Hub cannot be reached the
error is one sentence that says which files to put where.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from hashlib import file_digest
from pathlib import Path
from typing import Any

from huggingface_hub import (
    HfApi,
    constants,
    hf_hub_download,
    scan_cache_dir,
    snapshot_download,
)
from huggingface_hub.errors import (
    CacheNotFound,
    EntryNotFoundError,
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)
from huggingface_hub.utils import httpx
from tqdm.auto import tqdm

from core.backbones.downloads import Download, reporter
from core.backbones.known import NOT_STATED
from core.errors import ExplorerError

TIMEOUT = 10  # seconds until a silent server counts as not there


@dataclass(frozen=True)
class Files:
    """What of a repository is needed; names may be patterns."""

    needed: tuple[tuple[str, ...], ...]  # one of each, the first that is there
    wanted: tuple[str, ...] = ()  # taken where they are there

    def pick(self, names: Sequence[str]) -> list[str]:
        """Those of `names` to take, small ones first; so the weights come last."""
        taken = [name for name in names if any(fnmatch(name, glob) for glob in self.wanted)]
        for choices in self.needed:
            found = ([n for n in names if fnmatch(n, glob)] for glob in choices)
            taken += next(filter(None, found), [])
        return list(dict.fromkeys(taken))

    def missing(self, names: Sequence[str]) -> list[str]:
        """What of the needed is not among `names`, in words."""
        return [
            " or ".join(choices)
            for choices in self.needed
            if not any(fnmatch(name, glob) for name in names for glob in choices)
        ]


TOKENIZER = ("tokenizer*.json", "tokenizer.model", "vocab.*", "merges.txt", "spiece.model",
             "special_tokens_map.json", "added_tokens.json")  # fmt: skip
TOKENIZER_FILES = Files((("tokenizer.json", "tokenizer.model", "vocab.txt", "vocab.json",
                          "spiece.model"),), (*TOKENIZER, "config.json"))  # fmt: skip
BIOVIL_IMAGE = "biovil*image*.pt"  # its image tower, beside the text tower's files
TEXT_CONFIG = Files((("config.json",),))


def cached(repo: str, files: Files) -> Path | None:
    """Folder of a repository's files in the Hub's cache, where all that is needed is there."""
    try:
        folder = Path(
            snapshot_download(repo, cache_dir=constants.HF_HUB_CACHE, local_files_only=True)
        )
    except (LocalEntryNotFoundError, HFValidationError, OSError):
        return None
    return None if files.missing(names_in(folder)) else folder


def models_here() -> dict[str, int]:
    """Models in the Hub's cache that have a form of spec, with the bytes they take."""
    try:
        repos = scan_cache_dir(constants.HF_HUB_CACHE).repos
    except CacheNotFound:
        return {}
    found = {}
    for repo in sorted(repos, key=lambda each: each.repo_id):
        files = {file.file_name: file.file_path for revision in repo.revisions
                 for file in revision.files}  # fmt: skip
        if not any(fnmatch(name, glob) for name in files for glob in _HEAVY):
            continue  # a text tower's files, or a download that was cut off
        if "open_clip_config.json" in files:
            found[f"hf-hub:{repo.repo_id}"] = repo.size_on_disk
        elif "config.json" in files and _of_two_towers(files):
            found[f"hf:{repo.repo_id}"] = repo.size_on_disk
    return found


_HEAVY = ("*.safetensors", "*.bin", "*.pt")


def _of_two_towers(files: dict[str, Path]) -> bool:
    """Whether files are of an image-text model, as far as config.json and their names say."""
    try:
        read = json.loads(files["config.json"].read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    kinds = ("clip", "siglip", "chexficient_clip")
    if isinstance(read, dict) and read.get("model_type") == "cxr-bert":  # alone it reads texts only
        return any(fnmatch(name, BIOVIL_IMAGE) for name in files)
    return isinstance(read, dict) and (
        read.get("model_type") in kinds or "align_transformer_config" in read
    )


def names_in(folder: Path) -> list[str]:
    """Names of the files directly in a folder."""
    return sorted(path.name for path in folder.iterdir() if path.is_file())


OWN_FOLDER = "or put these files in a folder of your own and give that folder as the model"


def fetch(repo: str, files: Files, instead: str = OWN_FOLDER) -> Path:
    """Folder with the files of a repository `ORG/NAME`, from the cache or the Hub.

    Args:
        instead: what else can be done where the Hub is out of reach, or nothing.

    Raises:
        ExplorerError: no such repository, one without these files, or no way to reach the Hub.
    """
    folder = cached(repo, files)
    if folder:
        return folder
    try:
        return _fetch(repo, files)
    except HFValidationError:
        raise ExplorerError(
            f"'{repo}' is no name of a repository on the Hugging Face Hub, such as ORG/NAME."
        ) from None
    except GatedRepoError:
        raise ExplorerError(
            f"{repo} asks its users to accept terms first: do so on its page at huggingface.co, "
            "log in with `hf auth login`, and try again."
        ) from None
    except RepositoryNotFoundError:
        raise ExplorerError(
            f"The Hugging Face Hub has no repository '{repo}' that you may read; check the name."
        ) from None
    except (httpx.HTTPError, LocalEntryNotFoundError, EntryNotFoundError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's own complaint
            raise
        raise ExplorerError(_offline(repo, files, instead)) from None


def _offline(repo: str, files: Files, instead: str) -> str:
    needed = ", ".join(" or ".join(choices) for choices in files.needed)
    more = " and its tokenizer's files" if set(TOKENIZER) <= set(files.wanted) else ""
    place = Path(constants.HF_HUB_CACHE) / f"models--{repo.replace('/', '--')}"
    return (
        f"{repo} is not on this computer and the Hugging Face Hub cannot be reached: where there "
        f"is a network, run `hf download {repo}` and copy its folder ({needed}{more}) to {place}"
        f"{', ' + instead if instead else ''}."
    )


def _fetch(repo: str, files: Files) -> Path:
    info = HfApi().model_info(repo, files_metadata=True, timeout=TIMEOUT)
    about = {entry.rfilename: entry for entry in info.siblings or []}
    lacking = files.missing(list(about))
    if lacking:
        raise ExplorerError(
            f"{repo} on the Hugging Face Hub has no {lacking[0]}; it is no model of this kind: "
            "hf-hub: reads open_clip's layout, hf: that of transformers."
        )
    chosen = files.pick(list(about))
    total = sum(about[name].size or 0 for name in chosen)
    licence = info.card_data.to_dict().get("license") if info.card_data else None
    told = Download(repo, total, str(licence or NOT_STATED), Path(constants.HF_HUB_CACHE))
    listener = reporter()  # looked up here: files may arrive on another thread
    done = 0

    def tell(of_file: int) -> None:
        if listener:
            listener(told, min(done + of_file, total))

    for name in chosen:
        path = _file(repo, name, tell)
        lfs = about[name].lfs
        if lfs and lfs.sha256:
            _check(path, lfs.sha256, repo)
        done += about[name].size or 0
    tell(0)
    return path.parents[name.count("/")]


def _file(repo: str, name: str, tell: Callable[[int], None]) -> Path:
    class Meter(tqdm):
        """huggingface_hub's bar, which counts for us and draws nothing."""

        def __init__(self, *args: Any, **named: Any) -> None:
            named.pop("name", None)
            super().__init__(*args, **{**named, "disable": True})
            self.here = named.get("initial") or 0  # of a download that was cut off

        def update(self, n: float | None = 1) -> None:
            self.here += n or 0
            tell(int(self.here))

    tell(0)
    return Path(
        hf_hub_download(
            repo, name, cache_dir=constants.HF_HUB_CACHE, etag_timeout=TIMEOUT, tqdm_class=Meter
        )
    )


def _check(path: Path, stated: str, repo: str) -> None:
    with path.open("rb") as file:
        found = file_digest(file, "sha256").hexdigest()
    if found != stated:
        path.resolve().unlink()  # the blob that the name in the cache points to
        path.unlink(missing_ok=True)
        raise ExplorerError(
            f"{path.name} of {repo} arrived damaged (its SHA-256 is not the one that the Hub "
            "states) and was removed; try again."
        )
