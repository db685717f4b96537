"""Slices of a table of millions of predictions: seconds and memory, and how best to read it.

    python benchmarks/large_table.py [--rows 1000000 10000000] [--metric auc] [--duckdb]

Writes a Parquet table of one finding: score (float64), label, patient_id (two rows a patient),
view, sex, age, site (20) and exposure. Each command runs in a process of its own; printed are its
seconds by the clock and the most memory that it held. `--duckdb` reads score, label and view of
the table's rows by pyarrow's datasets and by DuckDB (`pip install duckdb`), to compare.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from machine import machine

_PART = 500_000  # rows written at once
_ARROW = """
import numpy as np
from core.analysis.predictions import Predictions
table = Predictions({path!r})
score, label = table.numbers("score", np.float64), table.numbers("label", np.int8)
view = table._words("view")
print(score.sum(), label.sum(), len(view.codes))
"""
_DUCKDB = """
import duckdb
told = duckdb.sql("select score, label, cast(case view when 'AP' then 0 else 1 end as tinyint) v "
                  "from '{path}' where label is not null and isfinite(score)").fetchnumpy()
print(told["score"].sum(), told["label"].sum(), len(told["v"]))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--metric", nargs="+", default=["auc", "error"])
    parser.add_argument("--duckdb", action="store_true")
    chosen = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        for rows in chosen.rows:
            path = Path(folder) / f"{rows}.parquet"
            # In a process of its own, since the next ones begin with the memory of this one.
            writing = get_context("spawn").Process(target=write, args=(path, rows))
            writing.start()
            writing.join()
            print(f"{rows:,} rows, {path.stat().st_size / 2**20:.0f} MiB")
            for metric in chosen.metric:
                command = ["-m", "core", "slices", "--table", str(path), "--metric", metric]
                measured(f"slices by {metric}", command)
            if chosen.duckdb:
                for name, code in (("pyarrow", _ARROW), ("DuckDB", _DUCKDB)):
                    measured(f"read by {name}", ["-c", code.format(path=str(path))])
            path.unlink()


def write(path: Path, rows: int) -> None:
    """A table, some rows at a time."""
    rng, writer = np.random.default_rng(0), None
    for start in range(0, rows, _PART):
        n = min(_PART, rows - start)
        label = rng.random(n) < 0.1
        view = rng.choice(["AP", "PA"], n)
        part = pa.table({
            "score": label + rng.normal(0, 1 + 0.2 * (view == "AP"), n),
            "label": label.astype(np.int8),
            "patient_id": [f"p{row // 2}" for row in range(start, start + n)],
            "view": view, "sex": rng.choice(["F", "M"], n), "age": rng.integers(18, 95, n),
            "site": rng.choice([f"site {number}" for number in range(20)], n),
            "exposure": rng.normal(0, 1, n),
        })  # fmt: skip
        writer = writer or pq.ParquetWriter(path, part.schema)
        writer.write_table(part)
    assert writer
    writer.close()


def measured(what: str, arguments: list[str]) -> None:
    """Run Python with some arguments, and print what it takes."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    assert status == 0, (arguments, status)
    print(f"{what:24} {seconds:7.1f} s {used.ru_utime + used.ru_stime:7.1f} CPU s "
          f"{used.ru_maxrss / 2**20:6.2f} GiB", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
