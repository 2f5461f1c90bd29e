"""The user's side: listening, push-to-talk, typed turns, barge-in."""
