"""The command line: the cockpit's start, and the commands beside it."""
