"""Configurations, the papers' recipes and the commands that repeat a run."""

import dataclasses
import json
import shlex

import pytest

from models_zoo import catalogue
from models_zoo.checkpoints.history import histories, history_read
from models_zoo.checkpoints.shipped import shipped
from models_zoo.cli import _parser
from models_zoo.cli.train import config_of
from models_zoo.networks.build import option_names
from models_zoo.training.config import TrainConfig, WrongSetting, settings_of, with_settings
from models_zoo.training.schedules import learning_rate
from models_zoo.training.zoo.presets import paper_settings
from models_zoo.training.zoo.recipes import TEACHER

PLAIN = TrainConfig(architecture="unet", data="camvid:PATH")


def test_the_house_recipe_is_what_the_shipped_weights_were_trained_with():
    recipe = {
        "batch": 8,
        "crop": (256, 320),
        "scale": (0.5625, 1.3125),
        "flip": True,
        "jitter": 0.3,
        "optimizer": "adamw",
        "lr": 3e-3,
        "weight_decay": 1e-2,
        "schedule": "one_cycle",
        "loss": "cross_entropy",
        "class_weights": "enet",
        "precision": "auto",
    }
    assert {name: getattr(PLAIN, name) for name in recipe} == recipe
    assert (PLAIN.accumulate, PLAIN.ema, PLAIN.patience, PLAIN.pseudo) == (1, 0.0, 0, "")


def test_settings_are_read_as_their_fields():
    settings = ["crop=64,96", "lr=0.1", "flip=false", "workers=0", "schedule=poly"]
    settings += ["options.aux=true", "options.multi_grid=1,2,4", "options.stem=deep"]
    config = with_settings(PLAIN, settings)
    assert (config.crop, config.lr, config.flip, config.workers) == ((64, 96), 0.1, False, 0)
    assert config.options == {"aux": True, "multi_grid": (1, 2, 4), "stem": "deep"}
    assert PLAIN.options == {}


def test_settings_come_back():
    settings = ["crop=64,96", "flip=false", "ema=0.5", "options.aux=true", "options.rates=6,12"]
    config = with_settings(PLAIN, settings)
    assert sorted(settings_of(config, PLAIN)) == sorted(settings)
    assert with_settings(PLAIN, settings_of(config, PLAIN)) == config


def test_json_is_the_configuration():
    settings = ["crop=64,96", "lr=1", "flip=false", "options.rates=6,12", "options.stem=deep"]
    config = with_settings(PLAIN, settings)
    told = config.to_json()
    assert told == json.loads(json.dumps(told))
    assert set(told) == {item.name for item in dataclasses.fields(TrainConfig)}
    assert TrainConfig.from_json(told) == config
    assert TrainConfig.from_json({"architecture": "unet", "data": "camvid:PATH"}) == PLAIN


def test_the_old_word_is_read():
    old = PLAIN.to_json() | {"arch": "segnet"}
    assert TrainConfig.from_json(old) == PLAIN
    del old["architecture"]
    assert TrainConfig.from_json(old) == dataclasses.replace(PLAIN, architecture="segnet")


def test_what_is_shipped_is_read():
    for told in [item.sidecar["training"] for item in shipped()] + [
        history_read(path).about["config"] for path in histories()
    ]:
        settings = {name: value for name, value in told.items() if name != "best_epoch"}
        assert TrainConfig.from_json(settings).architecture in {*catalogue(), TEACHER}


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ([], "JSON object"),
        ({"data": "scenes"}, "lacks its architecture"),
        ({"loses": 1, 3: 1}, "Unknown settings: 3, loses"),
        ({"batch": True}, "batch cannot be True"),
        ({"batch": 2.0}, "batch cannot be 2.0"),
        ({"lr": "0.1"}, "lr cannot be 0.1"),
        ({"lr": None}, "lr cannot be None"),
        ({"flip": 1}, "flip cannot be 1"),
        ({"crop": 64}, "crop cannot be 64"),
        ({"crop": [64, 64, 64]}, "crop cannot be"),
        ({"crop": {"options": 64}}, "crop cannot be"),
        ({"scale": [0.5, "2"]}, "scale cannot be"),
        ({"options": ["aux", "stem"]}, "options cannot be"),
        ({"options": {"aux": {"deep": 1}}}, "options cannot be"),
        ({"epochs": 0}, "epochs must be above 0"),
    ],
)
def test_json_that_is_no_configuration_is_refused_by_name(told, sentence):
    if isinstance(told, dict) and "data" not in told:
        told = {"architecture": "unet", "data": "scenes", **told}
    with pytest.raises(ValueError, match=sentence):
        TrainConfig.from_json(told)


def test_the_command_line_reads_a_file_then_flags_then_settings(tmp_path):
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"architecture": "unet", "data": "scenes", "seed": 5, "batch": 4}))
    words = ["train", f"--config={path}", "--out=x", "--seed=6", "--set=batch=2", "--set=lr=0.5"]
    config = config_of(_parser().parse_args(words))
    assert config == TrainConfig(architecture="unet", data="scenes", seed=6, batch=2, lr=0.5)
    for text in ("no", "[1]", "3"):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"run\.json holds no JSON object"):
            config_of(_parser().parse_args(words))


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": -1},
        {"lr": float("nan")},
        {"lr": float("inf")},
        {"batch": 0},
        {"accumulate": 0},
        {"ema": 1.0},
        {"momentum": -0.1},
        {"patience": -1},
        {"crop": (16, 64)},
        {"scale": (2.0, 1.0)},
        {"scale": (0.0, 1.0)},
        {"loss": "hinge"},
        {"schedule": "cosine"},
        {"optimizer": "adagrad"},
        {"class_weights": "some"},
        {"precision": "int8"},
        {"jitter": -1.0},
    ],
)
def test_what_makes_no_sense_is_refused_by_name(change):
    with pytest.raises(ValueError, match=f"{next(iter(change))} must be"):
        dataclasses.replace(PLAIN, **change)


def test_every_architecture_has_the_recipe_of_its_paper():
    for key, architecture in catalogue().items():
        config = TrainConfig(**paper_settings(key), architecture=key, data="scenes")
        assert set(config.options) <= set(option_names(architecture))
    with pytest.raises(ValueError, match="No recipe"):
        paper_settings("alexnet")


def test_the_command_in_a_sidecar_repeats_the_run_without_this_machines_places():
    from models_zoo.training.record.sidecar import _shareable, command

    key = "pspnet_resnet50"
    config = TrainConfig(**paper_settings(key), architecture=key, data="folder:secret/place")
    config = dataclasses.replace(config, pseudo="folder:secret/other", epochs=7)
    words = shlex.split(command(config))
    assert "secret" not in " ".join(words)
    options = _parser().parse_args([*words[3:], "--out", "x"])
    assert config_of(options) == _shareable(config)


@pytest.mark.parametrize(
    ("schedule", "wanted"),
    [
        ("constant", [1, 1, 1, 1, 1]),
        ("step", [1, 1, 0.1, 0.01, 0.01]),
        ("poly", [1, 0.75**0.9, 0.5**0.9, 0.25**0.9, 0.01**0.9]),
    ],
)
def test_schedules_by_hand(schedule, wanted):
    rates = [learning_rate(schedule, 1.0, step, 100) for step in (0, 25, 50, 75, 99)]
    assert rates == pytest.approx(wanted)


def test_one_cycle_rises_for_a_quarter_and_falls_to_nothing():
    rates = [learning_rate("one_cycle", 1.0, step, 400) for step in range(400)]
    assert rates[0] == pytest.approx(1 / 25)
    assert rates.index(max(rates)) == 100
    assert max(rates) == 1
    assert rates[:101] == sorted(rates[:101])
    assert rates[100:] == sorted(rates[100:], reverse=True)
    assert rates[-1] < 1e-3


def test_a_run_of_one_step_has_a_rate():
    for schedule in ("constant", "step", "poly", "one_cycle"):
        assert learning_rate(schedule, 1.0, 0, 1) > 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"lr": 10**400},
        {"scale": [1, 10**400]},
        {"options": {"a": float("inf")}},
        {"options": {"a": [float("nan")]}},
        {"options": {"a": 10**400}},
        {"options": {"a": "\ud800"}},
        {"options": {"\ud800": 1}},
        {"options": {"a": "\0"}},
        {"options": {"a": None}},
        {"options": {"a": [[1]]}},
        {"loss": "\ud800"},
    ],
)
def test_what_no_json_and_no_command_line_could_hold_is_no_setting(wrong):
    with pytest.raises(WrongSetting) as refusal:
        TrainConfig.from_json(PLAIN.to_json() | wrong)
    str(refusal.value).encode()


def test_an_option_of_many_brackets_is_a_word():
    text = "[" * 100_000
    assert with_settings(PLAIN, [f"options.a={text}"]).options == {"a": text}
