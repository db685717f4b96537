"""Models side by side: one film and one text, each with its map, and maps of models elsewhere."""
