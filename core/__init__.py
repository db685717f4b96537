"""LRCLR Explorer's library: studies, phantoms, the LRCLR model, training, inference, evaluation.

Nothing here imports streamlit. Pages, `python -m core` and Python callers use the same functions.
"""

__version__ = "0.2.0"
"""Of the release, or of the next one where `+` or a commit is named beside it."""
