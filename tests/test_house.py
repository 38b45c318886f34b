"""The habits of this house that a machine can check."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("accounts", "playbooks", "escalations", "config")
MAX_LINES = 450


def python_files(*folders: str) -> list[Path]:
    files = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return [path for path in files if "migrations" not in path.parts]


def trees(*words: str) -> list[tuple[Path, ast.Module]]:
    """The files that have one of these words at all."""
    texts = [(path, path.read_text()) for path in python_files(*APPS)]
    return [(p, ast.parse(t, str(p))) for p, t in texts if any(word in t for word in words)]


def called_name(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def test_no_file_is_too_long():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in python_files(*APPS, "tests")
        if (lines := len(path.read_text().splitlines())) > MAX_LINES
    }
    assert not long, f"split the noun: {long}"


def test_every_enqueued_path_names_a_function():
    calls = [
        (path, node)
        for path, tree in trees("enqueue")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called_name(node) == "enqueue"
    ]
    assert calls
    for path, call in calls:
        where = f"{path.relative_to(ROOT)}:{call.lineno}"
        first = call.args[0] if call.args else None
        target = first.value if isinstance(first, ast.Constant) else None
        if isinstance(first, ast.Name):  # a constant of the module
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            target = getattr(importlib.import_module(module), first.id, None)
        assert isinstance(target, str), f"{where}: write the path out, so that it can be checked"
        module, _, name = target.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name, None)), where


def test_jobs_are_asked_for_in_one_place_only():
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in trees("delay", "async_task")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and called_name(node) in ("delay", "async_task")
        and path != ROOT / "config/lib/queue.py"
    ]
    assert not found, f"use config.lib.queue.enqueue: {found}"


@pytest.mark.sqlite
@pytest.mark.django_db
def test_imports_point_down():
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_block_of_the_style_sheets_is_closed():
    for path in (ROOT / "escalations/static/belay").glob("*.css"):
        depth = 0
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.startswith("/* --- "):
                assert depth == 0, f"{path.name}:{number}: a block above is still open"
            depth += line.count("{") - line.count("}")
        assert depth == 0, path.name
