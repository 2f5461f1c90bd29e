"""The Realtime wire protocol: events as typed values, and the differences between providers as data."""
