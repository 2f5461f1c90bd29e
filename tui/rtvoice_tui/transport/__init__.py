"""Carries text frames between a server and the worker."""
