"""Finds what this machine and the profiles lack, with a remedy for each problem."""
