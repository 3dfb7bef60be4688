"""Tracking knows nothing of comparisons, in the ways that no import shows: templates, ORM names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps

from segweb.env import BASE_DIR

LIBRARIES = {path.stem for path in (BASE_DIR / "inference/templatetags").glob("[!_]*.py")}
TEMPLATES = sorted((BASE_DIR / "templates/experiments").rglob("*.html"))
MODULES = [
    path
    for path in sorted((BASE_DIR / "experiments").rglob("*.py"))
    if "migrations" not in path.parts
]

LOOK_UP = r"-?\w+(__\w+)+"


def names_from_above() -> tuple[set[str], set[str]]:
    """What inference's relations add to tracking's models: attributes, and names in look-ups."""
    relations = [
        relation
        for model in apps.get_app_config("experiments").get_models()
        for relation in model._meta.related_objects
        if relation.related_model._meta.app_label == "inference"
    ]
    accessors = {relation.get_accessor_name() for relation in relations}
    return accessors, {relation.name for relation in relations}


def names_used(path: Path) -> Iterator[tuple[str, str]]:
    """Attributes; and relations in look-ups, be they keywords or texts."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            yield "attribute", node.attr
        elif isinstance(node, ast.keyword) and node.arg:
            yield ("look-up" if "__" in node.arg else "attribute"), node.arg
        elif isinstance(node, ast.Constant) and re.fullmatch(LOOK_UP, str(node.value)):
            yield "look-up", str(node.value).removeprefix("-")


def test_inference_adds_names_that_could_be_used() -> None:
    attributes, look_ups = names_from_above()
    assert "predictions" in attributes & look_ups
    assert {"segmentation", "panels"} <= LIBRARIES


def test_no_module_uses_a_name_from_above() -> None:
    attributes, look_ups = names_from_above()
    used = [
        f"{path.relative_to(BASE_DIR)}: {name}"
        for path in MODULES
        for kind, name in names_used(path)
        if (kind == "attribute" and name in attributes)
        or (kind == "look-up" and look_ups & set(name.split("__")[:-1]))
    ]
    assert used == []


def test_no_template_uses_a_name_or_a_library_from_above() -> None:
    attributes, _ = names_from_above()
    used = [
        f"{path.relative_to(BASE_DIR)}: {name}"
        for path in TEMPLATES
        for text in [path.read_text()]
        for name in (*re.findall(r"{% load ([^%]*) %}", text), *re.findall(r"\.(\w+)", text))
        if LIBRARIES & set(name.split()) or name in attributes
    ]
    assert used == []
    assert [path.name for path in TEMPLATES if "inference/" in path.read_text()] == []
