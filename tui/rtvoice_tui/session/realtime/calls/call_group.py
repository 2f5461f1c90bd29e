"""What is known of the calls of one response until all of them have an output."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass
class CallGroup:
    """The calls of one response that run here.

    Attributes:
        call_ids: their ids, in the order of the response.
        outputs: the outputs so far, by call id.
        filled: whether the filler sentence was requested.
    """

    call_ids: list[str]
    outputs: dict[str, str] = field(default_factory=dict)
    filled: bool = False

    @property
    def complete(self) -> bool:
        """Whether every call has its output."""
        return len(self.outputs) == len(self.call_ids)


@dataclass(frozen=True)
class PendingCheck:
    """A pending validation of a call's arguments.

    Attributes:
        number: identifies it, for its result.
        parameters: the schema.
        agreed: whether the user has approved the call.
    """

    number: int
    parameters: dict[str, Any]
    agreed: bool


def error_output(sentence: str) -> str:
    """The output of a call that failed: an error for the model, as JSON."""
    return json.dumps({"error": sentence}, ensure_ascii=False)


def because(sentence: str, reason: str) -> str:
    """A sentence with its reason, if there is one."""
    return f"{sentence}: {reason}" if reason else sentence
