"""Figures over a study set: zero-shot AUC and localisation, each with intervals and controls."""
