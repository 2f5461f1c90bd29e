"""The WebSocket connection to a server: text frames, the send queue, and detection of a dead peer."""
