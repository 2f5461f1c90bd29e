"""Functions are found beside the profile or in the demo; what is wrong is one sentence."""

import pytest

from rtvoice_tui.tools.registry import ToolError, python_tool


def objection(target: str, folder, name: str = "tool") -> str:
    with pytest.raises(ToolError) as caught:
        python_tool(name, target, 10.0, folder)
    sentence = str(caught.value)
    assert sentence.startswith(f"tool {name}: ")
    assert "\n" not in sentence
    return sentence


def test_a_function_of_a_file_beside_the_profile_is_found(tmp_path):
    (tmp_path / "tools.py").write_text("def double(x: int) -> int:\n    return 2 * x\n")
    tool = python_tool("double", "tools.py:double", 3.5, tmp_path)
    assert (tool.name, tool.timeout_s, tool.function(x=4)) == ("double", 3.5, 8)


def test_a_coroutine_is_a_function_too(tmp_path):
    (tmp_path / "tools.py").write_text("async def wait() -> str:\n    return 'done'\n")
    assert python_tool("wait", "tools.py:wait", 1.0, tmp_path).function.__name__ == "wait"


def test_a_file_may_define_dataclasses(tmp_path):
    (tmp_path / "tools.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n\n\n"
        "@dataclass\nclass P:\n    x: int\n\n\ndef make() -> int:\n    return P(3).x\n"
    )
    assert python_tool("make", "tools.py:make", 1.0, tmp_path).function() == 3


def test_an_edited_file_is_read_again(tmp_path):
    file = tmp_path / "tools.py"
    file.write_text("def version() -> int:\n    return 1\n")
    assert python_tool("version", "tools.py:version", 1.0, tmp_path).function() == 1
    file.write_text("def version() -> int:\n    return 22\n")
    assert python_tool("version", "tools.py:version", 1.0, tmp_path).function() == 22


def test_two_profiles_may_each_have_a_file_of_the_same_name(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tools.py").write_text(f"def say() -> str:\n    return {name!r}\n")
    one = python_tool("say", "tools.py:say", 1.0, tmp_path / "one")
    two = python_tool("say", "tools.py:say", 1.0, tmp_path / "two")
    assert (one.function(), two.function()) == ("one", "two")


def test_the_demo_is_always_there(tmp_path):
    assert python_tool("get_weather", "demo:get_weather", 1.0, tmp_path).function("Omsk")["city"] == "Omsk"


@pytest.mark.parametrize("target", ["", "tools.py", ":double", "tools.py:", "tools.py:no name", "tools.py:1"])
def test_a_target_of_another_form_is_told(tmp_path, target):
    assert "FILE.py:FUNCTION" in objection(target, tmp_path)


def test_a_missing_file_is_named(tmp_path):
    assert "tools.py" in objection("tools.py:double", tmp_path)


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "tools.py").mkdir()
    assert "tools.py" in objection("tools.py:double", tmp_path)


def test_a_file_that_is_no_python_is_told(tmp_path):
    (tmp_path / "tools.txt").write_text("x")
    assert "tools.txt" in objection("tools.txt:double", tmp_path)


@pytest.mark.parametrize("attribute", ["nothing", "number", "Klass"])
def test_what_is_no_function_is_told(tmp_path, attribute):
    (tmp_path / "tools.py").write_text("number = 5\n\n\nclass Klass:\n    pass\n")
    assert attribute in objection(f"tools.py:{attribute}", tmp_path)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("1/0", "ZeroDivisionError"),
        ("import no_such_module_anywhere", "no_such_module_anywhere"),
        ("def broken(:", "SyntaxError"),
        ("raise ValueError('two\\nlines')", "two"),
    ],
)
def test_a_file_that_fails_to_load_is_told_with_its_error(tmp_path, text, word):
    (tmp_path / "tools.py").write_text(text)
    assert word in objection("tools.py:broken", tmp_path)


@pytest.mark.parametrize("text", ["import sys; sys.exit(4)", "raise SystemExit"])
def test_a_file_that_ends_the_program_while_it_loads_does_not(tmp_path, text):
    (tmp_path / "tools.py").write_text(text)
    try:
        sentence = objection("tools.py:broken", tmp_path)
    except SystemExit:
        pytest.fail("the app would have ended")
    assert "fails to load" in sentence


def test_a_file_that_is_not_utf_8_is_told(tmp_path):
    (tmp_path / "tools.py").write_bytes(b"x = '\xff'\n")
    assert "fails to load" in objection("tools.py:broken", tmp_path)
