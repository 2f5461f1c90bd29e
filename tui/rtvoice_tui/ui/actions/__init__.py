"""Actions of keys and commands: each module translates between screens and the controller."""
