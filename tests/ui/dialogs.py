"""Every dialog, opened as a user finds it, with what each key that it shows is to do."""

from dialog_here import Dialog, Here, name_of
from dialogs_of_session import INNER, SESSION
from dialogs_of_settings import SETTINGS

DIALOGS = SETTINGS | SESSION

__all__ = ["DIALOGS", "INNER", "Dialog", "Here", "name_of"]
