"""Nearest films and regions."""
