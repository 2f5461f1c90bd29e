"""A recording in formats that other programs read."""
