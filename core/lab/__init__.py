"""The lab: one drawn patient whose every part can be changed, and what a model makes of it."""
