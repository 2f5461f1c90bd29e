"""What the agent may call, and how it is run: a module for each kind behind one small interface.

Everything here runs on a loop and a thread of its own (`toolbox`), so that no tool ever delays sound.
"""
