"""Scripts of our components: files that the browser gets as one, so that it fetches nothing."""

from pathlib import Path

_SHARED = Path(__file__).parent / "browser"


def joined(folder: Path, names: tuple[str, ...], shared: tuple[str, ...] = ()) -> str:
    """One script of a wing's files, in order.

    Args:
        folder: where `names` are.
        shared: files of all wings, which come before.
    """
    files = [*(_SHARED / name for name in shared), *(folder / name for name in names)]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
