"""Profiles: which server to connect to and how the agent is configured, one TOML file per profile."""
