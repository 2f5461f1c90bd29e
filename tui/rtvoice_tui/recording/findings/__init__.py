"""Findings: what was wrong in a session, found in its frames by rules. Each says what it means and what to do."""
