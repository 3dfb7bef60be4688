"""The catalogue: where papers stand in it, and what it refuses."""

from __future__ import annotations

import pytest

from models_zoo.networks.catalogue import catalogue
from models_zoo.networks.papers import folders, in_lineage


@pytest.mark.parametrize(
    ("modules", "sentence"),
    [
        ("no_such_module", "SEGWEB_CATALOGUE names no_such_module"),
        ("json", "SEGWEB_CATALOGUE names json, which gives no ARCHITECTURES"),
        ("unet", "SEGWEB_CATALOGUE names unet, which the repository has"),
        ("models_zoo.networks.papers.fcn", "adds 'fcn32s' to the catalogue a second time"),
    ],
)
def test_a_wrong_module_is_said_plainly(monkeypatch, modules, sentence):
    monkeypatch.setenv("SEGWEB_CATALOGUE", modules)
    with pytest.raises(ValueError, match=sentence):
        catalogue()


def test_papers_stand_where_they_say():
    first, *others = in_lineage(folders())
    assert first == "fcn"
    for name in others:
        assert folders()[name].AFTER in in_lineage(folders())
    moved = {**folders(), "ours": type("Module", (), {"AFTER": "unet"}), "last": object()}
    order = in_lineage(moved)
    assert order.index("ours") > order.index("unet")
    assert order[-1] == "last"
    with pytest.raises(ValueError, match="follow one that is not there: ours"):
        in_lineage({**folders(), "ours": type("Module", (), {"AFTER": "alexnet"})})
