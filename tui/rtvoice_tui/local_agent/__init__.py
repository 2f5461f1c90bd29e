"""The built-in agent: an offline Realtime server that recognises speech, calls tools and speaks, driven by rules."""
