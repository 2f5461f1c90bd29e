"""The speaker's way: jitter buffer, playback, and which samples were heard."""
