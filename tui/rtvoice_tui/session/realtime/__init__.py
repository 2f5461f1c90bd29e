"""The state machine of the Realtime wire: item, response, done, truncate."""
