"""Fixtures of all tests of the screen."""

from drawing import no_drawing

__all__ = ["no_drawing"]
