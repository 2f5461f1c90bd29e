"""Maps the actions of the key table to the parts of the app that implement them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from rtvoice_tui.ui.app import RtvoiceApp

AppClass = TypeVar("AppClass", bound=type)

ACTIONS: "dict[str, Callable[[RtvoiceApp], Callable[..., Any]]]" = {
    "interrupt": lambda app: app.talk.interrupt,
    "mute": lambda app: app.talk.mute,
    "mute_agent": lambda app: app.talk.mute_agent,
    "talk": lambda app: app.talk.turn,
    "connect": lambda app: app.talk.connect,
    "talk_mode": lambda app: app.talk.next_mode,
    "devices": lambda app: app.talk.devices,
    "sound_history": lambda app: app.talk.sound_history,
    "sessions": lambda app: app.talk.sessions,
    "record": lambda app: app.talk.record,
    "findings": lambda app: app.events.findings,
    "write_event": lambda app: app.events.write_event,
    "send_edit": lambda app: app.agent.send_edit,
    "undo_edit": lambda app: app.agent.undo,
    "discard_edit": lambda app: app.agent.discard,
    "edit_history": lambda app: app.agent.history,
    "external_editor": lambda app: app.agent.open_external_editor,
    "profiles": lambda app: app.profiles.list,
    "agree": lambda app: app.calls.approve,
    "deny": lambda app: app.calls.reject,
    "send_result": lambda app: app.calls.send_result,
    "run_again": lambda app: app.calls.run_again,
    "run_edited": lambda app: app.calls.run_edited,
    "test_tool": lambda app: app.calls.test_tool,
    "whole_call": lambda app: app.calls.show_whole,
    "call_view": lambda app: app.calls.next_view,
    "toggle_mock": lambda app: app.calls.toggle_mock,
    "toggle_tool": lambda app: app.calls.toggle_tool,
    "pane": lambda app: app.panes.layout.go,
    "zoom": lambda app: app.panes.layout.zoom,
    "widen": lambda app: app.panes.layout.columns.step,
    "edit_agent": lambda app: app.panes.layout.toggle_agent,
    "back": lambda app: app.panes.back,
    "turn": lambda app: app.panes.turn,
    "filter": lambda app: app.panes.filter,
    "filter_events": lambda app: app.panes.filter_events,
    "search": lambda app: app.panes.search,
    "copy": lambda app: app.panes.copy,
    "compare": lambda app: app.events.compare,
}
"""Keyed by the action's name, as in `bindings.KEYS`."""


def with_actions(app: AppClass) -> AppClass:
    """Class decorator: adds the method ``action_NAME``, which Textual calls, for each action."""
    for name, part in ACTIONS.items():
        setattr(app, f"action_{name}", _action(part))
    return app


def _action(part: "Callable[[RtvoiceApp], Callable[..., Any]]") -> Callable[..., Any]:
    def action(app: "RtvoiceApp", *arguments: Any) -> Any:
        return part(app)(*arguments)

    return action
