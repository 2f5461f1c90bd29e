"""The output path: jitter buffer, playback, and which samples were heard."""
