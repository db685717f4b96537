"""Embeddings of a whole archive: made once into shards, then scored and searched from these."""
