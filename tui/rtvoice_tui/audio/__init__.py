"""Sound in and out: the only place that knows PortAudio and numpy.

A device's own thread touches nothing but `Capture.offer` and `Playback.fill`; everything else happens on the
session's thread. All sound is PCM16 little-endian mono.
"""
