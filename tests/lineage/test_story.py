"""The story in numbers: claims follow from them, and what was not measured is not shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from lineage import claims
from lineage.claims import Verdict, verdicts
from lineage.measures import BY_NAME
from lineage.story import Story, stories
from models_zoo import ablations, catalogue
from models_zoo.ablations.plan import plan_read
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


@pytest.fixture
def told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Says what `ablate` has found: comparisons by name, and the arms."""
    folder = tmp_path / "ablations"
    folder.mkdir()
    monkeypatch.setattr(ablations, "FOLDER", folder)

    def say(arms: dict[str, Any] | None = None, **comparisons: dict[str, Any]) -> None:
        about = {"images": 1000, "test": "scenes", "split": "test", "done": 7, "of": 125}
        told = {**about, "seeds": 5, "comparisons": comparisons, "arms": arms or {}}
        (folder / "verdicts.json").write_text(json.dumps(told))

    return say


def compared(measure: str = "boundary_f1", picture: Any = None, **effects: Any) -> dict[str, Any]:
    names = ("difference", "low", "high", "seeds", "verdict")
    return {
        "arm": "fcn8s",
        "against": "fcn32s",
        "differs": "architecture",
        "measure": measure,
        "effects": {n: dict(zip(names, told, strict=True)) for n, told in effects.items()},
        "picture": picture,
    }


def verdict(says: str) -> Verdict:
    return next(v for v in verdicts(ablations.verdicts_read()) if says in str(v.says))


def test_a_claim_has_its_interval_and_the_other_effects(told_of):
    told_of(
        skips=compared(
            boundary_f1=(0.031, 0.02, 0.042, 5, "holds"), miou=(-0.002, -0.009, 0.005, 5, "same")
        )
    )
    first, *others = verdict("Skip connections").compared
    assert (first.effect.state, first.effect.difference) == ("holds", "+3.1")
    assert (first.effect.interval, first.seeds) == ("[+2.0, +4.2]", "5 seeds")
    assert [(o.title, o.state) for o in first.others] == [("mIoU", "same")]
    assert [one.effect.state for one in others] == ["unmeasured", "unmeasured"]


def test_one_seed_is_shown_without_an_interval(told_of):
    told_of(skips=compared(boundary_f1=(0.031, None, None, 1, "unclear")))
    first = verdict("Skip connections").compared[0]
    assert (first.effect.state, first.effect.interval, first.seeds) == ("unclear", "", "1 seed")


def test_nothing_measured_is_said(client: Client, told_of, folder: Path):
    told_of(skips=compared())
    assert {one.effect.state for one in verdict("Skip connections").compared} == {"unmeasured"}
    page = client.get("/lineage/").content.decode()
    assert page.count("not measured yet") > 10
    assert "7 of 125 trainings are done" in page
    assert "python -m models_zoo ablate" in page


@pytest.mark.parametrize(("ratio", "state"), [(0.6, "holds"), (0.98, "same"), (1.2, "contrary")])
def test_costs_are_ratios_and_times_have_an_interval(ratio, state, told_of):
    assert verdict("SegNet costs less").compared[0].effect.state == "unmeasured"
    time = {"values": [60.0, 70.0], "ratio": 0.86, "low": 0.7, "high": 1.1}
    exact = {"values": [10e6 * ratio, 10e6], "ratio": ratio}
    costs = {"arm": "segnet", "against": "deconvnet", "gmacs": exact, "memory": exact}
    (ablations.FOLDER / "costs.json").write_text(json.dumps(costs | {"milliseconds": time}))
    (one,) = verdict("SegNet costs less").compared
    assert (one.effect.state, one.effect.difference) == (state, f"×{ratio:.2f}")
    milliseconds, memory = one.others
    assert (milliseconds.state, memory.state) == ("unclear", state)
    assert milliseconds.interval == "[×0.70, ×1.10] (60.0 ms / 70.0 ms)"


def test_the_receptive_field_is_a_median_over_arms_with_a_box(told_of):
    def arm(*effective: float, theory: Any = 200) -> dict[str, Any]:
        return {"fields": [{"effective": one, "theoretical": theory} for one in effective]}

    told_of(arms={"a": arm(60, 80), "b": arm(20), "c": arm(50), "d": arm(9, theory="global")})
    found = verdict("third of the theoretical")
    assert (found.compared[0].effect.state, found.compared[0].effect.difference) == (
        "holds",
        "25.0 %",
    )
    assert found.note == "b 10.0 %, a 35.0 %"


def test_the_telling_picture_is_shown(client: Client, told_of, folder: Path):
    one_seed = (0.1, None, None, 1, "unclear")
    effects = {"boundary_f1": one_seed, "miou": one_seed}
    told_of(skips=compared(picture={"index": 17, "miou": [0.61, 0.32]}, **effects))
    path = ablations.picture_path("skips", 17, "image")
    path.write_bytes(b"RIFF")
    page = client.get("/lineage/").content.decode()
    assert "61.0" in page
    assert "/lineage/ablations/skips/image/" in page
    answer = client.get("/lineage/ablations/skips/image/")
    assert (answer["Content-Type"], b"".join(answer.streaming_content)) == ("image/webp", b"RIFF")
    for wrong in ("skips/arm", "skips/else", "none/image"):
        assert client.get(f"/lineage/ablations/{wrong}/").status_code == 404


def test_claims_name_comparisons_of_the_plan_and_all_of_them_are_claimed():
    plan = plan_read(ablations.FOLDER.with_suffix(".json"))
    every = [claim for _, claim in claims.claims()] + list(claims.WHOLE)
    named = [set(claim.comparisons) for claim in every]
    assert set().union(*named) >= set(plan.comparisons)
    # An architecture added to these may claim what a plan of its own compares, and nothing else.
    assert all(names <= set(plan.comparisons) for names in named if names & set(plan.comparisons))
    assert {one.measure for one in plan.comparisons.values()} <= set(BY_NAME)


def test_the_page_shows_what_was_measured_and_says_what_was_not(client: Client, folder: Path):
    scores = {"boundary_f1": 0.41234, "large": 0.5, "small": 0.25, "context": 0.7}
    numbers = told(entry("fcn8s", **scores), entry("unet", boundary_f1=0.6, large=0.9))
    (folder / "scenes.json").write_text(json.dumps(numbers))
    page = client.get("/lineage/").content.decode()
    assert "41.2 %" in page
    assert "<h3>Large objects kept whole</h3>" in page
    assert page.count("not trained yet</td>") == len(catalogue()) - 2
    assert "200 images" in page
    assert "<h3>Look-alikes told apart</h3>" not in page, "nothing was measured of it"


def test_a_network_that_sees_smaller_images_is_marked(client: Client, folder: Path):
    half = entry("unet", pretrained=True) | {"input_size": [96, 128]}
    (folder / "scenes.json").write_text(json.dumps(told(entry("fcn8s"), half)))
    page = client.get("/lineage/").content.decode()
    assert page.count("128 × 96") == 1
    assert page.count("slim, pretrained") == 1


def test_without_any_story_the_page_says_how_to_get_one(client: Client, folder: Path):
    page = client.get("/lineage/").content.decode()
    assert "python -m models_zoo story" in page
    assert "story-table" not in page


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
