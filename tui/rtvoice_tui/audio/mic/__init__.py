"""The microphone's way: capture, echo cancellation, local VAD and noise gate."""
