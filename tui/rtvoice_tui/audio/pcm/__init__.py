"""PCM16 samples: ring buffer, levels, gain, resampling and channels. Independent of devices."""
