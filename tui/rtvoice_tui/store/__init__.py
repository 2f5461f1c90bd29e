"""The data that the screen shows. The session's thread writes, the screen's reads; versions mark changes."""
