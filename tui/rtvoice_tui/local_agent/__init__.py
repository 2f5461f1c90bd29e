"""The built-in agent: a Realtime server that hears, calls tools and speaks, offline and by rules."""
