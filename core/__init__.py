"""LRCLR Explorer's library: studies, phantoms, the LRCLR model, training, inference, evaluation.

Nothing here imports streamlit. Pages, `python -m core` and Python callers use the same functions.
"""
