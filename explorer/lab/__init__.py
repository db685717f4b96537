"""The wing of the page Lab."""
