"""What the wire says: Realtime events as typed values, and each provider's differences as data.

Pure: text in, events out. Nothing here knows a clock, a socket or an event loop.
"""
