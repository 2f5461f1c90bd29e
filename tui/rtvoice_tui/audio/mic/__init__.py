"""The input path: capture, echo cancellation, local VAD and noise gate."""
