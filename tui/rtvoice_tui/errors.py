"""Errors that the user can do something about.

Each error has one sentence and a remedy; heads show both and never a traceback::

    UserError
    |-- ProfileError         a profile, or a file it needs, cannot be read, written or used
    |   `-- KeyRefused       a key may not go to an address
    |       `-- NeedsConsent the user has to agree first
    |-- AudioError           audio does not work; ``state`` is the state of the device
    |   |-- UnknownName      no device has this name
    |   `-- NoAnswer         listing the devices timed out
    |-- ConnectionFailed     connecting failed, or the connection was lost
    |-- ToolError            a tool cannot be used
    |-- RecordingError       a recording cannot be read, written or found
    |-- NoTemporaryFolder    there is no folder for the event log
    `-- Refused              text that a user typed or a model wrote is not valid
        |-- ValueRefused     the value of a setting
        |-- SchemaRefused    the definition of a tool: name, parameters or how it is run
        |-- FormRefused      an argument in the form of a manual run
        `-- ArgumentsRefused the arguments of a call
"""

from rtvoice_tui.media import DeviceState


class UserError(Exception):
    """An error that is shown to the user.

    Args:
        sentence: what is wrong.
        remedy: what the user can do about it; empty if the sentence already says so.
    """

    def __init__(self, sentence: str = "", remedy: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.remedy = remedy


class ProfileError(UserError):
    """A profile, or a file it needs, cannot be read, written or used; the sentence names file and key."""


class KeyRefused(ProfileError):
    """An API key may not be sent to an address."""


class NeedsConsent(KeyRefused):
    """The user has to agree before anything is sent to the profile's address."""


class AudioError(UserError):
    """An audio device or file cannot be opened, listed or used.

    Args:
        sentence: what is wrong.
        remedy: what the user can do about it.
        state: the state of the device after the error.

    Attributes:
        state: the state of the device after the error.
    """

    def __init__(self, sentence: str, remedy: str = "", state: DeviceState = DeviceState.NONE) -> None:
        super().__init__(sentence, remedy)
        self.state = state


class DeviceNotFound(AudioError):
    """No device of this direction has this name."""

    def __init__(self, name: str, direction: str) -> None:
        sentence, remedy = f"no {direction} device is called '{name}'", "d shows the names of all devices there are"
        super().__init__(sentence, remedy, DeviceState.GONE)


class DeviceListTimeout(AudioError):
    """Listing the devices timed out, so it is unknown whether there are any."""


class ConnectionFailed(UserError):
    """Connecting failed, or the connection was lost."""


class ToolError(UserError):
    """A tool cannot be used."""


class RecordingError(UserError):
    """A recording cannot be read, written or found."""


class NoTemporaryFolder(UserError):
    """There is no writable folder for the temporary file of the event log."""


class Refused(UserError, ValueError):
    """Text that a user typed or a model wrote is not valid; the sentence names the place."""


class ValueRefused(Refused):
    """The typed text is not a valid value of its setting."""


class SchemaRefused(Refused):
    """A tool definition is not valid: its name, its JSON Schema or how it is run; the sentence names line or path."""


class FormRefused(Refused):
    """The typed text is not a valid value of an argument; the sentence names the field."""


class ArgumentsRefused(Refused):
    """The arguments of a call do not fit the schema of its tool; the sentence names the path."""
