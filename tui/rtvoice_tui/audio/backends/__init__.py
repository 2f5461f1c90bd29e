"""What sound goes through: PortAudio, miniaudio, WAV files or silence, behind two protocols."""
