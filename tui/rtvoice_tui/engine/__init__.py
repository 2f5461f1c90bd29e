"""Runs a session: carries bytes and commands to the machine, and its effects to devices, tools and the socket."""
