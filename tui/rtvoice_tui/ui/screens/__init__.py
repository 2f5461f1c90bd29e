"""Dialogs that open above the dashboard."""
