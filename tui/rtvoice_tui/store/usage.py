"""Token usage of the last response and of all responses. Cached tokens are a part of the input tokens."""

from rtvoice_tui.protocol.usage import RateLimit, Usage


class UsageTotals:
    """Sums of token usage, and the rate limits.

    Attributes:
        version: incremented on every change.
        answers: number of responses whose usage was reported.
        last: usage of the last response.
        limits: rate limits as last reported.
    """

    def __init__(self) -> None:
        self.version = 0
        self.clear()

    def clear(self) -> None:
        """Start anew: another agent is used."""
        self.answers = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self.cached_tokens = 0
        self.last: Usage | None = None
        self.limits: tuple[RateLimit, ...] = ()
        self.version += 1

    def add(self, usage: Usage) -> None:
        """Add the usage of a response."""
        self.answers += 1
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens
        self.cached_tokens += usage.input_token_details.cached_tokens
        self.last = usage
        self.version += 1

    def limited(self, limits: tuple[RateLimit, ...]) -> None:
        """Record the rate limits that the server reported."""
        self.limits = limits
        self.version += 1
