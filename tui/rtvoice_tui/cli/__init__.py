"""The command line: starts the cockpit, and offers further commands."""
