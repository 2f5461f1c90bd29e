"""The cockpit: a Textual app over the store. Nothing below this package knows it."""
