"""Edits the agent during a session: fields, drafts, and the outcome of each change. Uses no screen and no socket."""
