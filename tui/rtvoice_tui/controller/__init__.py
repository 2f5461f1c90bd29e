"""User actions on a session, independent of the screen. Every head uses them: the cockpit, tests, commands."""
