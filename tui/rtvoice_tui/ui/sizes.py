"""Terminal sizes at which panes are arranged in another way."""

WIDE, TALL = 100, 28
"""Minimum columns for two panes side by side, and minimum rows for two panes above each other."""

ROOMY = 80
"""Minimum columns for dialogs with the panes beside them; below, they take the whole width."""

THREE = 196
"""Minimum columns for a third column of panes, on a tall screen."""
