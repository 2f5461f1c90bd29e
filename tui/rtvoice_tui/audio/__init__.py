"""Audio input and output: the only package that uses PortAudio and miniaudio.

The device thread calls only `Capture.offer`, `Playback.fill` and `Playback.ran_dry`. The supervisor thread opens and
closes devices. The session thread does everything else. All audio is PCM16 little-endian mono.
"""
