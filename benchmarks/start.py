"""The start in seconds: from the command until the first page is whole, beside a minimal page.

    python benchmarks/start.py [--rounds 3]

Without a browser, whose own seconds `first_minute.py` measures. CPU seconds wait for nobody, so
they say more where other work runs on the computer. *First* has no cache yet, *again* the one it
left.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import psutil
from machine import machine

from core.paths import ROOT

sys.path.insert(0, str(ROOT / "tests"))

from served import free_port, open_page, served

MINIMAL = 'import streamlit as st\nst.title("Minimal")\n'


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    took: dict[str, list[tuple[float, float, float]]] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as scratch:
            page = Path(scratch) / "minimal.py"
            page.write_text(MINIMAL)
            streamlit = [sys.executable, "-m", "streamlit", "run", str(page)]
            app = [sys.executable, "-m", "lrclr_explorer"]
            for what, command in (("minimal page", streamlit), ("first", app), ("again", app)):
                took.setdefault(what, []).append(_start(command, Path(scratch)))
    print(f"{machine()}; median of {rounds} (least to most)")
    print("| | CPU seconds | seconds | GiB of memory |\n|---|---|---|---|")
    for what, figures in took.items():
        columns = zip(*figures, strict=True)
        told = (f"{median(column):.2f} ({min(column):.2f} to {max(column):.2f})"
                for column in columns)  # fmt: skip
        print(f"| {what} | {' | '.join(told)} |")


def _start(command: list[str], scratch: Path) -> tuple[float, float, float]:
    """CPU seconds, seconds and GiB of a server whose first page is whole."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    environment = {
        **os.environ, "LRCLR_CACHE": str(scratch / "cache"), "PYTHONPATH": str(ROOT),
        "STREAMLIT_SERVER_HEADLESS": "true", "STREAMLIT_SERVER_PORT": str(port),
    }  # fmt: skip
    began = time.monotonic()
    with served(command, environment, scratch, f"{url}_stcore/health") as process:
        open_page(url)
        seconds, seen = time.monotonic() - began, psutil.Process(process.pid)
        times = seen.cpu_times()
        return times.user + times.system, seconds, seen.memory_info().rss / 2**30


if __name__ == "__main__":
    main()
