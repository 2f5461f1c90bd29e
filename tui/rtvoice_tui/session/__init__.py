"""What a conversation is: a pure state machine from events and commands to effects.

Nothing here knows a clock, a socket or an event loop: time and ids come in as arguments, and whatever is to be
done goes out as data.
"""
