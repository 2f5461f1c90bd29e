"""Recordings of sessions: written while they happen, readable after a kill, replayed through the machine."""
