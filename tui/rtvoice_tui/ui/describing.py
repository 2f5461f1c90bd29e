"""What is said about a profile: in the status row, and before the first word."""

from rtvoice_tui.editing.editor import AgentEditor


def about(editor: AgentEditor) -> str:
    """Provider, model and voice in a few words."""
    agent = editor.kept
    voice = agent.settings.voice if isinstance(agent.settings.voice, str) else ""
    model = (agent.model or editor.dialect.model).rpartition("/")[2]
    return " · ".join(word for word in (editor.dialect.title, model, voice) if word)


def hints(editor: AgentEditor) -> tuple[str, ...]:
    """What to do first."""
    if editor.profile.provider == "local" and not editor.profile.url:
        return (
            "Say something, or press t and type. Try:",
            "  What is the weather in Berlin?",
            "  Tell me a long story.   (i interrupts it)",
            "  What is twelve times seven?",
            "",
            "This agent is built in. It follows rules,",
            "it is no language model.",
            "p sets up another: Yandex, OpenAI, xAI, ...",
        )
    return ("Say something, or press t and type.", "c connects and disconnects, i interrupts, ? shows all keys.")
