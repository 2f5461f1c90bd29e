"""Wire protocols: Realtime events as typed values, and the differences between providers as data.

Pure: text in, events out. Nothing here uses a clock, a socket or an event loop.
"""
