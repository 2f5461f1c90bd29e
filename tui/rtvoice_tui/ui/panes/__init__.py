"""The numbered panes; each shows one part of the store."""
