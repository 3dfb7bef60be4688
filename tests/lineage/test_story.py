"""The story in numbers: claims follow from them, and what was not measured is not shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from lineage import claims
from lineage.claims import verdicts
from lineage.measures import BY_NAME
from lineage.story import Story, stories
from models_zoo import catalogue
from models_zoo.study import stories as files

pytestmark = pytest.mark.django_db


def entry(key: str, **scores: Any) -> dict[str, Any]:
    """A measured slim network; `large`, `context` and the like go into its diagnosis."""
    names = ("large", "small", "context", "look_alike", "low_contrast", "thin")
    diagnosis = {
        name: {"value": scores.pop(name), "objects": 9} for name in names if name in scores
    }
    outer = {name: scores.pop(name) for name in ("milliseconds", "pretrained") if name in scores}
    return {
        "key": f"scenes-{key}-slim",
        "architecture": key,
        "variant": "slim",
        "pretrained": False,
        "shipped": True,
        "input_size": [192, 256],
        "sha256": key,
        "scores": {"split": "test", "miou": 0.5, "diagnosis": diagnosis, **scores},
        "field": {"effective": 60.0, "theoretical": 200, "images": 50},
        "milliseconds": 10.0,
        "memory_bytes": 5_000_000,
        "corners": None,
        **outer,
    }


def told(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "format": 1,
        "dataset": "scenes",
        "title": "Scenes",
        "split": "test",
        "split_hash": "0",
        "images": 200,
        "size": [192, 256],
        "machine": {"device": "cpu", "threads": 2, "load": 1.0},
        "entries": list(entries),
        **more,
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stories are read from here."""
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    return tmp_path


def verdict(says: str, *entries: dict[str, Any]) -> Any:
    return next(v for v in verdicts(list(entries)) if says in str(v.says))


@pytest.mark.parametrize(
    ("skips", "state", "difference"),
    [(0.45, "holds", "+0.050"), (0.405, "tie", "+0.005"), (0.3, "fails", "−0.100")],
)
def test_a_claim_follows_from_the_two_numbers(skips, state, difference):
    found = verdict(
        "Skip connections", entry("fcn8s", boundary_f1=skips), entry("fcn32s", boundary_f1=0.4)
    )
    assert (found.state, found.difference) == (state, difference)
    assert [key for key, _ in found.values] == ["scenes-fcn8s-slim", "scenes-fcn32s-slim"]


def test_a_claim_says_when_its_networks_trained_for_different_times():
    one, other = entry("fcn8s", boundary_f1=0.45), entry("fcn32s", boundary_f1=0.4)
    found = verdict("Skip connections", one | {"epochs": 25}, other | {"epochs": 15})
    assert [value for _, value in found.values] == [
        "0.450 after 25 epochs",
        "0.400 after 15 epochs",
    ]
    found = verdict("Skip connections", one | {"epochs": 15}, other | {"epochs": 15})
    assert [value for _, value in found.values] == ["0.450", "0.400"]
    assert verdict("Skip connections", one | {"epochs": 15}, other).values == found.values


def test_a_claim_about_networks_that_are_not_trained_is_not_measured():
    found = verdict("Skip connections", entry("fcn8s", boundary_f1=0.4))
    assert (found.state, found.difference, found.missing) == ("unmeasured", "", ("fcn32s",))


def test_a_claim_about_failures_says_that_only_scenes_show_them():
    found = verdict("large objects", entry("fcn8s"))
    assert (found.state, found.missing, found.elsewhere) == ("unmeasured", ("deeplab_v1",), True)


def test_the_ensemble_must_beat_the_better_of_its_members():
    members = entry("deconvnet", miou=0.6), entry("fcn8s", miou=0.4)
    found = verdict("EDeconvNet", entry("edeconvnet", miou=0.55), *members)
    assert (found.state, found.difference) == ("fails", "−0.050")
    assert verdict("EDeconvNet", entry("edeconvnet", miou=0.65), *members).state == "holds"


@pytest.mark.parametrize(("segnet", "state"), [(5.0, "holds"), (9.8, "tie"), (20.0, "fails")])
def test_costing_less_means_fewer_multiply_adds_of_the_full_networks(segnet, state, monkeypatch):
    full = {"segnet": {"gmacs": segnet}, "deconvnet": {"gmacs": 10.0}}
    told = {key: {"variants": {"full": {"figures": full[key]}}} for key in full}
    monkeypatch.setattr(claims, "description", told.get)
    assert verdict("SegNet costs less", entry("fcn8s")).state == state


def test_claims_about_all_networks_take_all_of_them():
    one = entry("fcn8s") | {"corners": {"images": 50, "trained": 0.5, "flipped": 0.496}}
    other = entry("segnet") | {"field": {"effective": 30, "theoretical": "global", "images": 50}}
    assert verdict("align_corners", one, other).state == "holds"
    assert verdict("align_corners", other).state == "unmeasured"
    assert verdict("third of the theoretical", one, other).difference == "0.300"
    better = entry("segnet", pretrained=True, miou=0.6)
    assert verdict("pretrained backbone", other, better).difference == "+0.100"
    assert verdict("pretrained backbone", other).state == "unmeasured"


def test_claims_name_networks_and_measures_that_exist():
    for better, claim in claims.claims():
        assert {better, *claim.rivals} <= set(catalogue())
        assert claim.measure in {*BY_NAME, "gmacs"}


def test_the_page_shows_what_was_measured_and_says_what_was_not(client: Client, folder: Path):
    scores = {"boundary_f1": 0.41234, "large": 0.5, "small": 0.25, "context": 0.7}
    numbers = told(entry("fcn8s", **scores), entry("unet", boundary_f1=0.6, large=0.9))
    (folder / "scenes.json").write_text(json.dumps(numbers))
    page = client.get("/lineage/").content.decode()
    assert "0.412" in page
    assert "Large objects kept whole" in page
    assert page.count("not trained yet</td>") == len(catalogue()) - 2
    assert "200 images" in page
    assert "Look-alikes told apart" not in page, "nothing was measured of it"


def test_a_network_that_sees_smaller_images_is_marked(client: Client, folder: Path):
    half = entry("unet", pretrained=True) | {"input_size": [96, 128]}
    (folder / "scenes.json").write_text(json.dumps(told(entry("fcn8s"), half)))
    page = client.get("/lineage/").content.decode()
    assert page.count("128 × 96") == 1
    assert page.count("slim, pretrained") == 1


def test_without_any_story_the_page_says_how_to_get_one(client: Client, folder: Path):
    page = client.get("/lineage/").content.decode()
    assert "python -m models_zoo story" in page
    assert "<table" not in page


def test_another_data_set_can_be_looked_at(client: Client, folder: Path):
    (folder / "scenes.json").write_text(json.dumps(told(entry("fcn8s"))))
    (folder / "camvid.json").write_text(json.dumps(told(entry("unet"), title="CamVid")))
    assert "scenes-fcn8s-slim" in client.get("/lineage/").content.decode()
    assert "scenes-unet-slim" in client.get("/lineage/?data=camvid").content.decode()


def test_each_failure_has_its_sample_and_is_one_click_from_a_comparison(
    client: Client, folder: Path
):
    best, worst = (
        {"key": "scenes-unet-slim", "value": 0.9},
        {"key": "scenes-fcn8s-slim", "value": 0},
    )
    shown = {"large": {"sample": "bus", "spread": 0.9, "best": best, "worst": worst}}
    (folder / "scenes.json").write_text(
        json.dumps(told(entry("fcn8s"), entry("unet"), samples=shown))
    )
    (folder / "scenes.large.best.png").write_bytes(b"\x89PNG")
    page = client.get("/lineage/").content.decode()
    assert 'name="sample" value="bus"' in page
    assert 'name="models" value="scenes-unet-slim"' in page
    answer = client.get("/lineage/scenes/large/best.png")
    assert b"".join(answer.streaming_content) == b"\x89PNG"
    for wrong in ("camvid/large/best", "scenes/small/best", "scenes/large/middle"):
        assert client.get(f"/lineage/{wrong}.png").status_code == 404


def test_a_failure_that_tells_nobody_apart_is_pointed_out():
    close = [
        entry(key, large=value) for key, value in (("fcn8s", 0.5), ("unet", 0.55), ("segnet", 0.52))
    ]
    far = [*close, entry("deeplab_v1", large=0.7)]
    for entries, too_close in ((close, True), (far, False)):
        chart = next(c for c in Story(told(*entries)).charts if c.measure.name == "large")
        assert chart.too_close is too_close
        assert [bar.mark for bar in chart.bars if bar.mark] == ["worst", "best"]


def test_the_story_that_ships_is_of_what_ships(settings: Settings):
    from models_zoo.checkpoints.shipped import shipped

    hashes = {item.sidecar["sha256"] for item in shipped()}
    for slug, found in stories().items():
        measured = {entry["sha256"] for entry in found.entries if entry["shipped"]}
        assert measured <= hashes, f"python -m models_zoo story --data {slug}"
