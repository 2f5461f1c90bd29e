"""Placeholders are filled once, by name alone."""

import pytest

from rtvoice_tui.tools import template


class Loud:
    """Tells when something looks into it."""

    secret = "seen"

    def __format__(self, spec):
        raise AssertionError("it was formatted")


@pytest.mark.parametrize(
    ("text", "arguments", "filled"),
    [
        ("{city}", {"city": "Oslo"}, "Oslo"),
        ("in {city}, {city}", {"city": "Oslo"}, "in Oslo, Oslo"),
        ("{city}", {}, ""),
        ("{a}{b}", {"a": "x"}, "x"),
        ("{_a1}", {"_a1": "x"}, "x"),
        ("{A}{a}", {"A": "x", "a": "y"}, "xy"),
        ("{n} {yes} {none} {list}", {"n": 5, "yes": True, "none": None, "list": ["é"]}, '5 true null ["é"]'),
        ("{a}", {"a": "{b}", "b": "expanded"}, "{b}"),
        ("{a}{b}", {"a": "{", "b": "b}", "": "expanded"}, "{b}"),
        ("{a}}", {"a": "{b", "b": "expanded"}, "{b}"),
        ("{a}", {"a": r"\1\g<0>"}, r"\1\g<0>"),
        ("{{a}}", {"a": "x"}, "{x}"),
        ("{{", {"a": "x"}, "{{"),
    ],
)
def test_a_text_is_filled_once(text, arguments, filled):
    assert template.fill(text, arguments) == filled


@pytest.mark.parametrize(
    "text", ["{0}", "{}", "{x.secret}", "{x.__class__}", "{x[0]}", "{x!r}", "{x:>99}", "{ x }", "{x-y}", "${}", "%(x)s"]
)
def test_what_is_no_name_is_no_placeholder(text):
    assert template.names(text) == []
    assert template.fill(text, {"x": Loud(), "0": "expanded", "": "expanded", "x-y": "expanded"}) == text


def test_every_name_is_listed_in_order():
    assert template.names("{b}/{a}?{b}") == ["b", "a", "b"]


@pytest.mark.parametrize(
    ("text", "starts"), [("{a}", True), ("{a}b", True), ("a{a}", False), ("{}{a}", False), ("{{a}", False), ("", False)]
)
def test_it_is_known_whether_a_text_begins_with_a_placeholder(text, starts):
    assert template.starts(text) is starts


@pytest.mark.parametrize(
    ("value", "arguments", "filled"),
    [
        ({"q": "{q}"}, {"q": [1, {"a": None}]}, {"q": [1, {"a": None}]}),
        ({"q": "about {q}"}, {"q": 5}, {"q": "about 5"}),
        ({"q": "about {q}"}, {}, {"q": "about "}),
        ({"q": "{q}", "n": 1}, {}, {"n": 1}),
        ({"a": {"b": ["{x}", {"c": "{y}"}, "{z}"]}}, {"x": 1, "y": False}, {"a": {"b": [1, {"c": False}]}}),
        ({"n": 1, "yes": True, "none": None}, {}, {"n": 1, "yes": True, "none": None}),
        ({"{q}": "stays"}, {"q": "other"}, {"{q}": "stays"}),
        ({"a": "{x}", "b": "{y}"}, {"x": "{y}", "y": "z"}, {"a": "{y}", "b": "z"}),
        ({"a": "{x}"}, {"x": {"b": "{y}"}, "y": "expanded"}, {"a": {"b": "{y}"}}),
    ],
)
def test_a_value_is_filled_to_its_depth_and_keeps_its_types(value, arguments, filled):
    assert template.fill_value(value, arguments) == filled


def test_filling_leaves_the_template_as_it_was():
    value = {"a": ["{x}", {"b": "{x}"}]}
    template.fill_value(value, {"x": 1})
    assert value == {"a": ["{x}", {"b": "{x}"}]}
