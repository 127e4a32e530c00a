"""Searches that learn from their runs: a space of settings, a study that can be gone on with, and early ends."""
