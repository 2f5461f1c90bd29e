"""Samples: rings, levels, gain and rates. Knows no device."""
