"""Client-side tools: one module for each kind of tool, all behind the `Runner` interface.

Tools run on their own thread and event loop (`toolbox`), so that no tool delays audio.
"""
