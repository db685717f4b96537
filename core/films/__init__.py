"""One radiograph: its file read, its pixels before a window, and what it looks like."""
