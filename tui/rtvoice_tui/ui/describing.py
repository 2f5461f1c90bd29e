"""Short texts about a profile: for the status row, and hints for the empty transcript."""

from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.ui.bindings import BY_ID


def about(editor: AgentEditor) -> str:
    """Provider, model and voice, for the status row."""
    agent = editor.kept
    voice = agent.settings.voice if isinstance(agent.settings.voice, str) else ""
    model = (agent.model or editor.dialect.model).rpartition("/")[2]
    return " · ".join(word for word in (editor.dialect.title, model, voice) if word)


def hints(editor: AgentEditor) -> tuple[str, ...]:
    """First steps, shown while the transcript is empty; one string per line."""
    key = {name: BY_ID[name].shown for name in ("type", "interrupt", "profiles", "connect", "help")}
    if editor.profile.provider == "local" and not editor.kept.url:
        return (
            f"Say something, or press {key['type']} and type. Try:",
            "  What is the weather in Berlin?",
            f"  Tell me a long story.   ({key['interrupt']} interrupts it)",
            "  What is twelve times seven?",
            "",
            "This agent is built in. It follows rules,",
            "it is no language model.",
            f"{key['profiles']} sets up another: Yandex, OpenAI, xAI, ...",
        )
    return (
        f"Say something, or press {key['type']} and type.",
        f"{key['connect']} connects and disconnects, {key['interrupt']} interrupts, {key['help']} shows all keys.",
    )
