"""Functions that the agent may call, and how they are run."""
