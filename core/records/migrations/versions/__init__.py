"""One file a step; the name of the last one is the version of the database."""
