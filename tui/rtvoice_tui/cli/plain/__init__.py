"""The line mode: the conversation as lines on standard output, typed commands on standard input. Knows no screen."""
