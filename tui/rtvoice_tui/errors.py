"""Everything that can go wrong in a way that the user can do something about.

Each error is one sentence and its remedy; heads show both and never a traceback::

    UserError
    |-- ProfileError         a profile, or a file it needs, cannot be read, written or used
    |   `-- KeyRefused       a key may not go to an address
    |       `-- NeedsConsent the user has to agree first
    |-- AudioError           there is no sound; ``state`` says what is known of the device
    |   |-- UnknownName      no device is called so
    |   `-- NoAnswer         nobody said in time which devices there are
    |-- ConnectionFailed     there is no connection, or no more
    |-- ToolError            a tool cannot be used
    |-- NoTemporaryFolder    there is no folder for the event log
    `-- Refused              something that was typed, or that a model wrote, is not what is needed
        |-- ValueRefused     a setting
        |-- SchemaRefused    the parameters of a tool
        |-- FormRefused      an argument in the form that runs a tool
        `-- ArgumentsRefused the arguments of a call
"""

from rtvoice_tui.media import DeviceState


class UserError(Exception):
    """One sentence, and what the user can do about it.

    Args:
        sentence: what is wrong.
        remedy: what to do; empty where the sentence says it.
    """

    def __init__(self, sentence: str = "", remedy: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.remedy = remedy


class ProfileError(UserError):
    """A profile that cannot be used; the sentence names file and key."""


class KeyRefused(ProfileError):
    """A key may not go to an address."""


class NeedsConsent(KeyRefused):
    """The user has to agree before anything goes to the profile's address."""


class AudioError(UserError):
    """No sound.

    Attributes:
        state: what is known of the device after it.
    """

    def __init__(self, sentence: str, remedy: str = "", state: DeviceState = DeviceState.NONE) -> None:
        super().__init__(sentence, remedy)
        self.state = state


class UnknownName(AudioError):
    """No device is called so."""

    def __init__(self, name: str, direction: str) -> None:
        sentence, remedy = f"no {direction} device is called '{name}'", "d shows the names of all devices there are"
        super().__init__(sentence, remedy, DeviceState.GONE)


class NoAnswer(AudioError):
    """Nobody said in time which devices there are: there may be some."""


class ConnectionFailed(UserError):
    """There is no connection, or no more."""


class ToolError(UserError):
    """A tool cannot be used."""


class NoTemporaryFolder(UserError):
    """There is no folder for the event log."""


class Refused(UserError, ValueError):
    """A text is not what is needed; the sentence names the place."""


class ValueRefused(Refused):
    """What was typed is no value of its setting."""


class SchemaRefused(Refused):
    """The parameters are no JSON Schema of an object; the sentence names line or path."""


class FormRefused(Refused):
    """What was typed is no value of an argument; the sentence names the field."""


class ArgumentsRefused(Refused):
    """The arguments of a call are not what its tool takes; the sentence names the path."""
