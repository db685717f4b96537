"""Public sets that can be had without credentials: the table of downloads, and fetching them."""

from core.fetch.catalogue import SETS, FetchableSet
from core.fetch.fetch import fetch

__all__ = ["SETS", "FetchableSet", "fetch"]
