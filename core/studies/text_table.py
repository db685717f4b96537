"""CSV and its kin as spreadsheets and programs write them: encodings, separators, `sep=;`.

Every cell is text, and only an empty one is missing: a patient may be called NA, None or null.
"""

import codecs
from pathlib import Path

import pandas as pd

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HEAD = 65_536
_SEPARATORS = ",;\t|"
_LONGEST_HEADER = 2**20


def read_text_table(path: Path, rows: int | None = None) -> pd.DataFrame:
    """A table as text, NaN where a cell is empty.

    Args:
        rows: how many to read; all by default.

    Raises:
        OSError, ValueError: no file, or no text; pandas' ParserError and EmptyDataError, which are
            ValueErrors, where it is no table.
    """
    problem: Exception = ValueError("no text")
    for encoding in _encodings(path):
        try:
            skipped, separator = _layout(path, encoding)
            return pd.read_csv(
                path, dtype=str, sep=separator, encoding=encoding, nrows=rows, skiprows=skipped,
                keep_default_na=False, na_values=[""], skipinitialspace=separator != "\t",
            )  # fmt: skip
        except UnicodeError as error:  # a spreadsheet's own encoding, or no text at all
            problem = error
    raise ValueError(str(problem))


def header_width(path: Path) -> int:
    """Separators in a table's first bytes up to a line end, whatever its encoding."""
    with path.open("rb") as file:
        head = file.readline(_LONGEST_HEADER)
    return max(head.count(separator.encode()) for separator in _SEPARATORS)


def _encodings(path: Path) -> tuple[str, ...]:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return (encoding,)
    even, odd = head[0::2], head[1::2]
    if len(odd) > 4:  # letters of UTF-16 without a mark have an empty half
        if odd.count(0) > 0.3 * len(odd) and even.count(0) < 0.05 * len(even):
            return ("utf-16-le",)
        if even.count(0) > 0.3 * len(even) and odd.count(0) < 0.05 * len(odd):
            return ("utf-16-be",)
    return ("utf-8", "cp1252")


def _layout(path: Path, encoding: str) -> tuple[int, str]:
    """Lines before the header, and the separator: as Excel's `sep=` says, or the commonest."""
    with open(path, encoding=encoding) as file:
        first = file.readline(_LONGEST_HEADER)
        said = first.strip("\r\n").strip("\"' ") if len(first) < 10 else ""
        if said.lower().startswith("sep=") and len(said) == 5:
            return 1, said[4]
        if first.strip().lower().strip("\"'") == "sep=":  # of a tab, which editors take away
            return 1, "\t"
    return 0, max(_SEPARATORS, key=_outside_quotes(first).count)


def _outside_quotes(line: str) -> str:
    return "".join(line.split('"')[::2])
