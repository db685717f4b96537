"""Selected regions and maps: one region close up, truth, the gallery of errors."""
