"""A conversation as a pure state machine: inputs (server events, commands, timers) in, effects out.

Nothing here reads a clock, opens a socket or uses an event loop: time and ids are passed in as arguments, and all side
effects are returned as data.
"""
