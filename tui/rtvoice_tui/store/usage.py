"""Tokens: the last answer's and the session's. Cached tokens are a part of the input, never counted twice."""

from rtvoice_tui.protocol.usage import RateLimit, Usage


class UsageTotals:
    """Sums up token usage.

    Attributes:
        version: grows with every change.
    """

    def __init__(self) -> None:
        self.version = 0
        self.answers = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self.cached_tokens = 0
        self.last: Usage | None = None
        self.limits: tuple[RateLimit, ...] = ()

    def add(self, usage: Usage) -> None:
        """A response ended."""
        self.answers += 1
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens
        self.cached_tokens += usage.input_token_details.cached_tokens
        self.last = usage
        self.version += 1

    def limited(self, limits: tuple[RateLimit, ...]) -> None:
        """The server reported its rate limits."""
        self.limits = limits
        self.version += 1
