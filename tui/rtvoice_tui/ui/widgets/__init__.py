"""Widgets of the dashboard; each shows one part of the store."""
