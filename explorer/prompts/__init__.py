"""Zero-shot prompts: the table, a study's scores, AUC over the set, a free text."""
