"""``python -m rtvoice_tui``."""

from rtvoice_tui.cli import main

main()
