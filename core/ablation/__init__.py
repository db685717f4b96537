"""Variants of training compared: a plan, its trials, tables with intervals."""
