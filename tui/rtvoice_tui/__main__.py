"""``python -m rtvoice_tui``."""

from rtvoice_tui.cli.main import main

main()
