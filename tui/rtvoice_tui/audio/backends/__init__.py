"""Audio backends: PortAudio, miniaudio, WAV files and silence, behind the protocols `Backend` and `Stream`."""
