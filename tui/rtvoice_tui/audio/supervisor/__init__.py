"""Keeps devices open: one thread that opens, watches, replaces and reports them."""
