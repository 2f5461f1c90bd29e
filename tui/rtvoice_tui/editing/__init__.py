"""Changing the agent while it talks: fields, drafts, what became of each change. Knows no screen and no socket."""
