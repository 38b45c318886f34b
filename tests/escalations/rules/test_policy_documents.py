"""A policy as a document says the same when it is read back, and every mistake has its place."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml

from escalations.rules.policy_documents import as_text, read_text, write
from escalations.rules.policy_reader import BadDocument
from tests.escalations.rules.test_policy_diff import CHANGES, POLICY

# What a document cannot say, because nobody may store it either.
IMPOSSIBLE = (".warn_percents", ".channels_min", ".bands", ".anchors", ".examples[0].anchors") + (
    *(".task_forces[0].tier", ".task_forces[1].tier", ".task_forces[1].meets.zone"),
    ".task_forces[1].bridge_url",
    ".has_task_forces_of_house",  # its own are what a document says
)


def read(text, policy=POLICY):
    return read_text(text, policy=policy.policy, number=policy.number)


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_read_back_it_is_the_same(kind):
    assert read(as_text(POLICY, kind)) == replace(POLICY, version_id=0)


@pytest.mark.parametrize("path", [path for path in CHANGES if not path.startswith(IMPOSSIBLE)])
def test_every_value_of_a_policy_is_kept(path):
    other = CHANGES[path]
    found = read(as_text(other, "yaml"), other)
    # A rule's condition is always a group when it is read.
    assert write(found) == write(read(as_text(found, "json"), other))
    if ".when" not in path and ".position" not in path and ".number" not in path:
        assert found == replace(other, version_id=0)


def wrong(change):
    content = write(POLICY)
    change(content)
    with pytest.raises(BadDocument) as caught:
        read(json.dumps(content))
    return caught.value.errors


@pytest.mark.parametrize(
    ("change", "path", "sentence"),
    [
        (lambda c: c.pop("factors"), "factors", "Missing."),
        (lambda c: c.update(colour=1), "colour", "Not known."),
        (lambda c: c.update(format=2), "format", "This reads format 1."),
        (lambda c: c["severities"].update(S9={}), "severities.S9", "'S9' is none of S1"),
        (lambda c: c["severities"]["S1"]["clocks"].update(response="5"),
         "severities.S1.clocks.response", "minutes, hours or days?"),
        (lambda c: c["severities"]["S1"]["clocks"].update(repair="5 min"),
         "severities.S1.clocks.repair", "'repair' is none of response"),
        (lambda c: c["severities"]["S2"].pop("score_from"), "severities.S2.score_from", "Say from"),
        (lambda c: c["severities"]["S2"].update(score_from=101), "severities.S2.score_from", "0 to 100"),
        (lambda c: c["factors"][1].update(weight="heavy"), "factors[1].weight", "a whole number"),
        (lambda c: c["factors"][1].update(anchors=["a"]), "factors[1].anchors", "five sentences"),
        (lambda c: c["tests"][0].update(value="NaN"), "tests[0].value", "Write a number"),
        (lambda c: c["rules"][0].update(when={"all": [{"any": [{"all": []}]}]}),
         "rules[0].when.all[0].any[0]", "two deep"),
        (lambda c: c["rules"][0].update(when={"all": []}), "rules[0].when", "a list of conditions"),
        (lambda c: c["rules"][0].update(team=None), "rules[0].team", "not nothing"),
        (lambda c: c["ladders"]["s1"]["levels"][0]["targets"].append({"kind": "dog"}),
         "ladders.s1.levels[0].targets[1].kind", "'dog' is none of roster"),
        (lambda c: c["limits"].update(quiet_from="late"), "limits.quiet_from", "22:00"),
        (lambda c: c["limits"].pop("storm_calm_s"), "limits.storm_calm_s", "Missing."),
        (lambda c: c.update(warn_percents=[0]), "warn_percents", "from 1 to 99"),
        (lambda c: c.update(rules={}), "rules", "Write a list."),
        (lambda c: c["task_forces"][0].update(tier="gold"), "task_forces[0].tier", "none of"),
        (lambda c: c["task_forces"][0].update(severity_at_least="S5"),
         "task_forces[0].severity_at_least", "none of S1"),
        (lambda c: c["task_forces"][0].update(channel="tel:+4930123"),
         "task_forces[0].channel", "https://"),
        (lambda c: c["task_forces"][1].update(bridge="javascript:alert(1)"),
         "task_forces[1].bridge", "a number to call"),
        (lambda c: c["task_forces"][0].update(meets="every 169 h"),
         "task_forces[0].meets", "1 to 168 h"),
        (lambda c: c["task_forces"][1].update(meets="daily at 25:00 UTC"),
         "task_forces[1].meets", "daily at 09:30"),
        (lambda c: c["task_forces"][1].update(meets="daily at 09:30 Mars/Base"),
         "task_forces[1].meets", "daily at 09:30"),
        (lambda c: c["task_forces"][1].pop("name"), "task_forces[1].name", "Missing."),
        (lambda c: c.update(task_forces=None), "task_forces", "Write a list."),
    ],
)  # fmt: skip
def test_a_mistake_is_told_by_its_path(change, path, sentence):
    assert any(where == path and sentence in said for where, said in wrong(change)), wrong(change)


def test_all_mistakes_are_told_at_once():
    def change(content):
        content["min_confidence"] = 200
        content["factors"][0]["weight"] = -1

    assert [path for path, _ in wrong(change)] == ["min_confidence"]  # the top first
    assert len(wrong(lambda c: [f.update(weight=-1, code="") for f in c["factors"]])) == 10


@pytest.mark.parametrize(
    "text",
    ["", "- 1", "a: [", "a: &x [*x]", "!!python/object/apply:os.system [ls]", "{" * 2000, "\x00",
     "a: 2026-99-99", "x" * 1_000_001, "a: &a [1]\nb: *a"],
)  # fmt: skip
def test_what_is_no_document_is_refused_with_a_sentence(text):
    with pytest.raises(BadDocument) as caught:
        read(text)
    assert all(said for _, said in caught.value.errors)


def test_an_unquoted_time_is_understood():
    content = write(POLICY)
    text = yaml.safe_dump(content).replace("'22:00'", "22:00").replace("'07:00'", "7:00")
    limits = read(text).limits
    assert (limits.quiet_from, limits.quiet_to) == (
        POLICY.limits.quiet_from,
        POLICY.limits.quiet_to,
    )
