"""Short texts about a profile: for the status row, and hints for the empty transcript."""

from rtvoice_tui.editing.editor import AgentEditor


def about(editor: AgentEditor) -> str:
    """Provider, model and voice, for the status row."""
    agent = editor.kept
    voice = agent.settings.voice if isinstance(agent.settings.voice, str) else ""
    model = (agent.model or editor.dialect.model).rpartition("/")[2]
    return " · ".join(word for word in (editor.dialect.title, model, voice) if word)


def hints(editor: AgentEditor) -> tuple[str, ...]:
    """First steps, shown while the transcript is empty; one string per line."""
    if editor.profile.provider == "local" and not editor.kept.url:
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
