"""Page Errors: what a score gets wrong, in which films, and notes on them."""
