"""The Realtime wire: events as typed values, and each provider's differences as data."""
