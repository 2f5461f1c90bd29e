"""The agent's side: responses, the slot for them, and how much of them was heard."""
