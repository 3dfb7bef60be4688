"""The story: chapters whose claims follow from numbers; what was not measured is one quiet line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from inference.images.samples import sample_images
from lineage import claims
from lineage.chapters import CHAPTERS
from lineage.claims import verdicts
from lineage.figures import FIGURES
from lineage.measures import BY_NAME
from lineage.sources import Code
from lineage.story import Story, stories
from lineage.told import chapters_tell
from lineage.verdict import Compared, Effect, Verdict
from models_zoo import ablations, catalogue
from models_zoo.ablations.plan import plan_read
from models_zoo.checkpoints.shipped import shipped
from models_zoo.study import stories as files
from segweb.env import BASE_DIR

pytestmark = pytest.mark.django_db
PAIR = {
    "network": "SegNet",
    "data": "CamVid",
    "split": "val",
    "size": [180, 240],
    "epochs": 12,
    "measure": "miou",
    "values": [0.3904, 0.2730],
    "guide": "docs/pretrained.md",
}
CODE = [line for figure in FIGURES.values() for line in figure.code]
CODE += [line for chapter in CHAPTERS for line in chapter.code]


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


def verdict(says: str, *entries: dict[str, Any]) -> Verdict:
    found = verdicts(ablations.verdicts_read(), list(entries))
    return next(one for one in found if says in str(one.says))


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
    assert (first.effect.state, first.effect.interval, first.seeds) == ("single", "", "1 seed")


def test_what_is_not_measured_is_one_quiet_line_a_chapter(client: Client, told_of, folder: Path):
    told_of(skips=compared())
    assert {one.effect.state for one in verdict("Skip connections").compared} == {"unmeasured"}
    page = client.get("/lineage/").content.decode()
    assert "not measured yet</b>" not in page
    assert 5 < page.count("Not measured yet:") <= len(CHAPTERS)
    assert "Skip connections bring boundaries back." in page
    assert "7 of 125 trainings are done" in page
    assert "python -m models_zoo ablate" in page


def test_one_pair_elsewhere_is_told_until_the_plan_has_measured(told_of):
    told_of(pretrained=compared("miou"))
    pair = json.dumps({"pretrained": PAIR})
    (ablations.FOLDER / "pairs.json").write_text(pair)
    found = verdict("pretrained backbone")
    (one,) = found.measured
    assert (one.effect.state, one.effect.difference, one.seeds) == ("single", "+11.7", "1 seed")
    assert "39.0 % against 27.3 % (docs/pretrained.md)" in found.note
    told_of(pretrained=compared("miou", miou=(0.1, 0.05, 0.15, 5, "holds")))
    assert verdict("pretrained backbone").measured[0].effect.state == "holds"


def test_the_pair_that_is_told_is_the_guides():
    pair = ablations.pairs_read()["pretrained"]
    guide = (BASE_DIR / pair["guide"]).read_text()
    first, second = (f"{value:.4f}" for value in pair["values"])
    assert f"| the same weights as written, fp32 | **{first}** | {second} |" in guide


@pytest.mark.parametrize(("ratio", "state"), [(0.6, "holds"), (0.98, "same"), (1.2, "contrary")])
def test_costs_are_ratios_and_times_have_an_interval(ratio, state, told_of):
    assert verdict("SegNet costs less").compared[0].effect.state == "unmeasured"
    time = {"values": [60.0, 70.0], "ratio": 0.86, "low": 0.7, "high": 1.1}
    exact = {"values": [10e6 * ratio, 10e6], "ratio": ratio}
    costs = {"arm": "segnet", "against": "deconvnet", "gmacs": exact, "memory": exact}
    (ablations.FOLDER / "costs.json").write_text(json.dumps(costs | {"milliseconds": time}))
    (one,) = verdict("SegNet costs less").compared
    assert (one.effect.state, one.effect.difference) == ("unclear", "×0.86")
    assert one.effect.interval == "[×0.70, ×1.10] (60.0 ms / 70.0 ms)"
    assert [(o.state, o.difference) for o in one.others] == [(state, f"×{ratio:.2f}")] * 2


def test_a_third_holds_when_most_networks_are_near_it():
    def seen(key: str, effective: float, theory: Any = 200) -> dict[str, Any]:
        return entry(key) | {"field": {"effective": effective, "theoretical": theory, "images": 9}}

    assert verdict("third of the").compared[0].effect.state == "unmeasured"
    far = [
        seen("fcn32s", 96),
        seen("fcn8s", 30),
        seen("unet", 60),
        seen("pspnet_resnet50", 9, "global"),
    ]
    found = verdict("third of the", *far)
    # Its median is near a third, and hardly one network is.
    assert (found.compared[0].effect.state, found.compared[0].effect.difference) == (
        "fails",
        "30.0 %",
    )
    assert "3 networks, from 15.0 % (FCN-8s) to 48.0 % (FCN-32s); so it is for 1" in found.note
    near = [*far, seen("segnet", 70), seen("deeplab_v1", 66)]
    assert verdict("third of the", *near).compared[0].effect.state == "holds"
    assert verdict("third of the", *far[:2]).compared[0].effect.state == "unclear"


def test_what_align_corners_costs_afterwards_is_told():
    def flipped(key: str, lost: float) -> dict[str, Any]:
        return entry(key) | {"corners": {"images": 9, "trained": 0.5, "flipped": 0.5 - lost}}

    some = [flipped("fcn32s", 0.05), flipped("fcn8s", 0.02), entry("unet")]
    every = [*some, flipped("deeplab_v1", -0.001)]
    found = verdict("Upsampled otherwise", *every)
    assert found.about == "fcn32s"
    assert (found.compared[0].effect.state, found.compared[0].effect.difference) == (
        "holds",
        "−2.0",
    )
    assert verdict("Upsampled otherwise", *some).compared[0].effect.state == "unclear"


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
    assert "<h4>Large objects kept whole</h4>" in page
    table = page.partition('id="table"')[2]
    assert table.count("not trained yet</td>") == len(catalogue()) - 2
    assert "200 images" in page
    assert "<h4>Look-alikes told apart</h4>" not in page, "nothing was measured of it"


def test_a_network_that_sees_smaller_images_is_marked(client: Client, folder: Path):
    half = entry("unet", pretrained=True) | {"input_size": [96, 128]}
    (folder / "scenes.json").write_text(json.dumps(told(entry("fcn8s"), half)))
    table = client.get("/lineage/").content.decode().partition('id="table"')[2]
    assert table.count("128 × 96") == 1
    assert table.count("slim, pretrained") == 1


def test_without_any_story_the_page_says_how_to_get_one(client: Client, folder: Path):
    page = client.get("/lineage/").content.decode()
    assert "python -m models_zoo story" in page
    assert "story-table" not in page
    assert page.count('class="chapter"') == len(CHAPTERS), "what networks are needs no measuring"


def test_another_data_set_can_be_looked_at(client: Client, folder: Path):
    (folder / "scenes.json").write_text(json.dumps(told(entry("fcn8s"))))
    (folder / "camvid.json").write_text(json.dumps(told(entry("unet"), title="CamVid")))
    assert "scenes-fcn8s-slim" in client.get("/lineage/").content.decode()
    assert "scenes-unet-slim" in client.get("/lineage/?data=camvid").content.decode()


def test_a_chapters_masks_are_one_click_from_a_comparison(client: Client, folder: Path):
    keys = ("deeplab_v1", "deeplab_v2_vgg16")
    masks = {key: {"key": f"scenes-{key}-slim", "scores": {"small": 0.25}} for key in keys}
    numbers = told(*(entry(key) for key in keys), masks={"quay": masks})
    (folder / "scenes.json").write_text(json.dumps(numbers))
    (folder / "scenes.quay.deeplab_v1.png").write_bytes(b"\x89PNG")
    page = client.get("/lineage/").content.decode()
    assert page.count('name="sample" value="quay"') == 1, "FCN-32s has no mask here"
    assert 'name="models" value="scenes-deeplab_v2_vgg16-slim"' in page
    answer = client.get("/lineage/samples/quay/deeplab_v1.png")
    assert b"".join(answer.streaming_content) == b"\x89PNG"
    true = client.get("/lineage/samples/quay/truth.png")
    assert b"".join(true.streaming_content).startswith(b"\x89PNG")
    for wrong in ("bus/deeplab_v1", "quay/unet", "nowhere/truth"):
        assert client.get(f"/lineage/samples/{wrong}.png").status_code == 404


def test_chapters_tell_of_every_network_and_show_what_is_shipped():
    placed = [key for chapter in CHAPTERS for key in chapter.architectures]
    assert len(placed) == len(set(placed))
    assert set(placed) <= set(catalogue())
    compared = (Compared("two_steps", "", "", Effect("", "unmeasured")),)
    last = chapters_tell(None, [Verdict("added", "Two steps are enough.", compared)])[-1]
    assert [one.says for one in last.untested] == ["Two steps are enough."]
    asked = {
        (shown.sample, key)
        for chapter in CHAPTERS
        for shown in chapter.shown
        for key in shown.architectures
    }
    assert asked == {(sample, key) for sample, keys in files.SHOWN.items() for key in keys}
    for sample, key in asked:
        assert files.picture_path("scenes", sample, key).is_file(), "models_zoo story --data scenes"
    assert {sample for sample, _ in asked} <= {sample.name for sample in sample_images()}
    assert {m for chapter in CHAPTERS for m in chapter.measures} <= set(BY_NAME)
    assert [kind for chapter in CHAPTERS for kind in chapter.figures] == list(FIGURES)


@pytest.mark.parametrize("code", CODE, ids=lambda code: code.text)
def test_a_figures_line_of_code_is_where_it_says(code: Code):
    line = (BASE_DIR / code.path).read_text().splitlines()[code.number - 1]
    assert line.strip() == code.text


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_bus_is_explained_without_scripts(client: Client, language: str):
    page = client.get("/lineage/", headers={"accept-language": language}).content.decode()
    chapter = page.partition('id="deeplab_v3"')[2].partition("</article>")[0]
    asked = {
        "en": "Why does DeepLab v3 see the bus whole?",
        "ko": "DeepLab v3는 왜 버스를 통째로 볼까요?",
    }
    assert asked[language] in chapter
    assert "/lineage/samples/bus/deeplab_v3_resnet50.png" in chapter
    assert chapter.count("<svg") == 2, "still pictures"
    assert "AdaptiveAvgPool2d(1)" in chapter


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
    hashes = {item.sidecar["sha256"] for item in shipped()}
    for slug, found in stories().items():
        measured = {entry["sha256"] for entry in found.entries if entry["shipped"]}
        assert measured <= hashes, f"python -m models_zoo story --data {slug}"


def test_what_the_chapters_say_of_numbers_is_what_the_tables_show():
    found = {one["architecture"]: one for one in stories()["scenes"].entries}

    def large(key: str) -> float:
        return found[key]["scores"]["diagnosis"]["large"]["value"]

    segnet, deconvnet = found["segnet"], found["deconvnet"]
    assert segnet["milliseconds"] > deconvnet["milliseconds"], (
        "slim, it is SegNet that takes longer"
    )
    assert 0.8 < segnet["parameters"] / deconvnet["parameters"] < 1.25, "about equally many"
    assert max(map(large, ("fcn8s", "unet", "deeplab_v1"))) >= large("deeplab_v3_resnet50"), (
        "networks without image pooling do as well on large objects"
    )
    bus = stories()["scenes"].told["masks"]["bus"]
    whole = {key: told["scores"]["large"] for key, told in bus.items()}
    assert whole["deeplab_v3_resnet50"] > 0.95 > max(whole["fcn8s"], whole["deeplab_v2_vgg16"])
