"""Token usage and rate limits, as servers report them."""

import msgspec


class TokenDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens by modality; cached tokens are a subset of the input tokens."""

    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    cached_tokens: int = 0


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Token usage of one response. Its input tokens include the complete history, for every response again."""

    total_tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    input_token_details: TokenDetails = TokenDetails()
    output_token_details: TokenDetails = TokenDetails()


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """One rate limit: what remains of it, and after how many seconds it is reset."""

    name: str = ""
    limit: int = 0
    remaining: int = 0
    reset_seconds: float = 0.0
