"""Whether journal, events and sound of a recording that was not ended agree to one block."""

from rtvoice_tui.recording.reader import Recording


def assert_blocks_agree(recording: Recording) -> None:
    """Whatever the journal or the events refer to is there."""
    frames = list(recording.wire())
    journal = list(recording.journal())
    for frame in frames:
        if frame.speech is not None:
            assert len(recording.speech(frame.speech)) == frame.speech.size
    referred = [line.wire for line in journal if line.wire is not None]
    assert max(referred, default=-1) < len(frames)
    assert max((line.frames for line in journal), default=0) <= len(frames)
    for track, segments in recording.segments.items():
        assert all(segment.place <= recording.size(track) for segment in segments)


def last_input(recording: Recording) -> float:
    """Time of the last input that was kept, in seconds."""
    journal = list(recording.journal())
    spoken = max((frame.at for line in journal for frame in line.mic), default=0.0)
    return max(spoken, *(line.at for line in journal), 0.0)
