"""Minimum terminal size for more than one pane."""

WIDE, TALL = 100, 28
"""Columns and rows."""
