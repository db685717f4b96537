"""How large a picture may be, and how much memory one takes: channels count, not pixels alone."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import ExplorerError
from core.films import grey, limits
from core.films.grey import grey_of_colours, grey_of_picture
from core.films.read import read_image
from core.paths import ROOT


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def test_channels_count_before_anything_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_SAMPLES", 10_000)
    read_image(_png(Image.new("L", (100, 100))))
    read_image(_png(Image.new("RGBA", (50, 50))))

    def decoded(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", decoded)
    for mode, width in (("RGBA", 51), ("RGB", 67), ("LA", 101)):
        with pytest.raises(ExplorerError, match="channels, over the limit of .* save it in grey"):
            read_image(_png(Image.new(mode, (width, 50))))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "PA"])
def test_grey_in_strips_is_grey_at_once(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    picture = Image.fromarray(rng.integers(0, 255, (37, 23, 4), dtype=np.uint8))
    picture = picture.convert("RGB").quantize(16) if mode in ("P", "PA") else picture
    picture = picture.convert(mode)
    black = Image.new("RGBA", picture.size, (0, 0, 0, 255))
    flat = Image.alpha_composite(black, picture.convert("RGBA")).convert("RGB")
    monkeypatch.setattr(grey, "_STRIP", 100)
    found, notes = grey_of_picture(picture)
    np.testing.assert_array_equal(found, np.asarray(flat.convert("L"), np.float32))
    again, same = grey_of_colours(np.asarray(flat))
    np.testing.assert_array_equal(found, again)
    assert notes == same and bool(notes) == (mode != "LA")


def test_transparent_grey_lies_on_black() -> None:
    picture = Image.new("L", (8, 8), 200)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=200)
    assert read_image(buffer.getvalue()).pixels.max() == 0


_PEAK = """
import sys
from pathlib import Path
from core.films.read import read_image
import core.films.view
def peak():  # of this process alone: ru_maxrss begins at that of its parent
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
before = peak()
shape = read_image(Path(sys.argv[1])).pixels.shape
print((peak() - before) / shape[0] / shape[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("mode", ["RGBA", "L"])
def test_reading_takes_few_bytes_a_pixel(mode: str, tmp_path: Path) -> None:
    Image.new(mode, (5000, 3000)).save(tmp_path / "film.png", compress_level=1)
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, str(tmp_path / "film.png")], cwd=ROOT, text=True,
        capture_output=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert float(done.stdout) < 15  # 4 decoded, 4 of the film; once 29 for colours
