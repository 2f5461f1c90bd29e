"""Keeps devices open: one thread that opens, watches and replaces them, and their status."""
