"""Chest radiograph phantoms: cases, their pictures, masks and reports."""
