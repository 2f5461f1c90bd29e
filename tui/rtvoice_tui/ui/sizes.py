"""Terminal sizes at which panes are arranged in another way."""

WIDE, TALL = 100, 28
"""Minimum columns for two panes side by side, and minimum rows for two panes above each other."""
