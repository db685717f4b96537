"""Own films as a study set: the form, and an import as it goes."""
