"""The numbered panes, each over one part of the store."""
