"""Runs a session: passes server events and commands to the machine, and carries out its effects."""
