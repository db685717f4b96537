"""Public sets that can be had without credentials: the table of downloads, and fetching them."""

from core.fetch.catalogue import SETS, PublicSet
from core.fetch.fetch import fetch

__all__ = ["SETS", "PublicSet", "fetch"]
