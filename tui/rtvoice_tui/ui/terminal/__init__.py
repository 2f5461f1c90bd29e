"""Terminal handling below the widgets: key reports, signals, suspending, and all use of Textual's private parts."""
