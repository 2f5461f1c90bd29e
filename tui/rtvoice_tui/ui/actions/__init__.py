"""What keys and commands do: each part translates between screens and the controller."""
