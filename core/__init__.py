"""LRCLR Explorer's library: studies, phantoms, the LRCLR model, training, inference, evaluation.

Nothing here imports streamlit. The pages, `python -m core` and a Python caller use the same functions.
"""
