"""What this machine and the profiles lack, with the remedy for each."""
