"""Function calls: those that run here, and those that the provider makes itself."""
