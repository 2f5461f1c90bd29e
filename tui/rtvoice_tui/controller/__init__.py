"""What a user can do with a session, without a screen. Every head uses it: the cockpit, tests, commands."""
