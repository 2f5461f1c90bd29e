"""What to connect to and how the agent behaves, kept as one TOML file a profile."""
