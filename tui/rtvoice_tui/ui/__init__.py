"""The cockpit: a Textual app that shows the store. Lower layers do not import it."""
