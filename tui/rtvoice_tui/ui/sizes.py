"""From which size of a terminal on there is room for more than one pane."""

WIDE, TALL = 100, 28
"""Columns and rows."""
