from __future__ import annotations

import pytest

from playbooks.rules.templates import PLACEHOLDERS, missing, problems, render, used


@pytest.mark.parametrize(
    "text, values, said",
    [
        ("{{ incident }} is {{state}}", {"incident": "INC-4", "state": "New"}, "INC-4 is New"),
        ("{{ incident }}", {}, "[incident]"),
        ("{{ incident }}", {"incident": ""}, "[incident]"),
        # A value is text: never read again, never escaped here.
        ("{{ title }}", {"title": "{{ account }} <b>"}, "{{ account }} <b>"),
        (r"{{ title }}", {"title": r"\1 \g<0>"}, r"\1 \g<0>"),
        ("no marks", {"title": "x"}, "no marks"),
    ],
)
def test_placeholders_become_values_and_gaps_stay_visible(text, values, said):
    assert render(text, values) == said


@pytest.mark.parametrize(
    "text, code",
    [
        ("{{ arr }}", "unknown_placeholder"),
        ("{{ incident.account.arr }}", "unknown_placeholder"),
        ("{{ title|safe }}", "unknown_placeholder"),
        ("{{ }}", "unknown_placeholder"),
        ("{% load x %}", "stray_braces"),
        ("{# x #}", "stray_braces"),
        ("{{ title", "stray_braces"),
        ("title }}", "stray_braces"),
        ("{{ title\n.x }}", "unknown_placeholder"),
    ],
)
def test_what_would_not_be_replaced_is_refused(text, code):
    assert [found for found, _ in problems(text)] == [code]


def test_every_listed_placeholder_is_accepted_and_none_is_sensitive():
    assert problems(" ".join("{{ " + name + " }}" for name in PLACEHOLDERS)) == []
    assert not {"arr", "revenue", "lifetime_value", "explanation", "body"} & set(PLACEHOLDERS)


def test_used_and_missing_name_each_once():
    text = "{{ title }} {{title}} {{ owner }}"
    assert used(text) == ["title", "owner"]
    assert missing([text, "{{ kpi }}"], {"title": "x"}) == ["owner", "kpi"]
