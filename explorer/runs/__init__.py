"""Fine-tuning runs: the form that starts one, its progress, all of them compared."""
