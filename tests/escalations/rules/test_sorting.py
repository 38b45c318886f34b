"""Which category a text speaks for, how surely, and which rules of a version are odd."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalations.rules.default_policy import default_policy
from escalations.rules.policy import Category, SortingRule
from escalations.rules.sorting import lint_sorting, sort_out, suggest

BILLING = SortingRule("Billing words", "billing", 80, ("invoice", "double charge", "Straße"))
LOGIN = SortingRule("Sign-in words", "access", 60, ("log in", "password"))
DESK = SortingRule("The billing desk", "billing", 90, fields={"source": "billing-desk"})
BOTH = SortingRule("Invoices of the EU", "tax", 95, ("invoice",), {"customer_segment": "eu"})
RULES = (BILLING, LOGIN, DESK, BOTH)
DOC = replace(
    default_policy(),
    categories={code: Category(code, code.title()) for code in ("billing", "access", "tax")},
    sorting=RULES,
)


def said(text, **subject):
    return [(each.category, each.confidence) for each in suggest(RULES, text, subject)]


@pytest.mark.parametrize(
    ("text", "subject", "expected"),
    [
        ("Invoice 4711 is wrong", {}, [("billing", 80)]),
        ("INVOICE!", {}, [("billing", 80)]),
        ("Invoices are wrong", {}, []),  # whole words
        ("a double\n charge, twice", {}, [("billing", 80)]),  # a phrase over a line's end
        ("double the charge", {}, []),
        ("in der STRASSE", {}, [("billing", 80)]),  # as case folds it
        ("Nobody can log-in with a password", {}, [("access", 60)]),
        ("invoice and password", {}, [("billing", 80), ("access", 60)]),  # the surest first
        ("hello", {"source": "Billing-Desk"}, [("billing", 90)]),
        ("invoice", {"source": "billing-desk"}, [("billing", 90)]),  # the surest of a category
        ("invoice", {"customer_segment": "eu"}, [("tax", 95), ("billing", 80)]),
        ("hello", {"customer_segment": "eu"}, []),  # words and fields, both
        ("", {}, []),
    ],
)
def test_a_text_speaks_for_categories(text, subject, expected):
    assert said(text, **subject) == expected


def test_composed_and_decomposed_letters_are_the_same():
    rule = SortingRule("Cafe", "billing", 50, ("caf\u00e9",))
    assert suggest((rule,), "the cafe\u0301 is closed", {})


def test_of_equally_sure_rules_the_earlier_counts_and_says_which_word():
    other = replace(LOGIN, name="Later", category="tax")
    found = suggest((LOGIN, other), "password", {})
    assert [(each.rule, each.words) for each in found] == [
        ("Sign-in words", ("password",)),
        ("Later", ("password",)),
    ]


@pytest.mark.parametrize(
    ("text", "category", "confidence"),
    [("invoice", "billing", 80), ("password", "", 60), ("hello", "", 0)],
)
def test_a_sure_rule_sets_the_category_and_a_doubtful_one_suggests_it(text, category, confidence):
    found = sort_out(DOC, text, {})
    assert (found.category, found.confidence) == (category, confidence)


def test_from_the_limit_on_a_rule_is_sure():
    assert sort_out(replace(DOC, category_from=60), "password", {}).category == "access"
    assert sort_out(replace(DOC, category_from=61), "password", {}).category == ""


def test_a_policy_without_rules_sorts_nothing():
    assert sort_out(replace(DOC, sorting=()), "invoice", {}) is None


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ((replace(BILLING, category="gone"),), "unknown_category"),
        ((replace(BILLING, keywords=("?!",)),), "empty_keyword"),
        ((replace(BILLING, keywords=()),), "empty_sorting_rule"),
        ((replace(DESK, fields={"colour": "red"}),), "unknown_field"),
        ((BILLING, replace(LOGIN, name=BILLING.name)), "sorting_twice"),
        ((BILLING, replace(BILLING, name="Again")), "shadowed_sorting_rule"),
        ((BILLING, replace(BILLING, name="Less", keywords=("INVOICE",), confidence=20)),
         "shadowed_sorting_rule"),
        ((replace(LOGIN, confidence=30),), "never_sure"),
    ],
)  # fmt: skip
def test_what_is_odd_in_sorting_rules_is_said(rules, code):
    assert [each.code for each in lint_sorting(replace(DOC, sorting=rules))] == [code]


@pytest.mark.parametrize(
    "rules",
    [
        RULES,
        (BILLING, replace(BILLING, name="Surer", confidence=90)),
        (BILLING, replace(BILLING, name="Wider", keywords=("invoice", "bill"))),
        (BOTH, replace(BOTH, name="Everywhere", fields={})),
    ],
)
def test_rules_that_each_do_something_are_left_alone(rules):
    assert list(lint_sorting(replace(DOC, sorting=rules))) == []
