"""The message that a typed text is to be sent."""

from textual.message import Message


class MessageSubmitted(Message):
    """Posted when the user sends the text of the message field, which is empty then."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
