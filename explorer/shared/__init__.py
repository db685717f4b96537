"""What several pages show: session, caches, figures, sidebar, the film and its window."""
