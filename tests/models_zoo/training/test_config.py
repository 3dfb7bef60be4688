"""Configurations, the papers' recipes and the commands that repeat a run."""

import dataclasses
import shlex

import pytest

from models_zoo import catalogue
from models_zoo.cli import _parser
from models_zoo.networks.build import option_names
from models_zoo.training.config import TrainConfig, settings_of, with_settings
from models_zoo.training.schedules import learning_rate
from models_zoo.training.zoo.presets import paper_settings

PLAIN = TrainConfig(arch="unet", data="camvid:PATH")


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
        config = TrainConfig(**paper_settings(key), arch=key, data="scenes")
        assert set(config.options) <= set(option_names(architecture))
    with pytest.raises(ValueError, match="No recipe"):
        paper_settings("alexnet")


def test_the_command_in_a_sidecar_repeats_the_run_without_this_machines_places():
    from models_zoo.training.record.sidecar import _shareable, command

    config = TrainConfig(
        **paper_settings("pspnet_resnet50"), arch="pspnet_resnet50", data="folder:secret/place"
    )
    config = dataclasses.replace(config, pseudo="folder:secret/other", epochs=7)
    words = shlex.split(command(config))
    assert "secret" not in " ".join(words)
    options = _parser().parse_args([*words[3:], "--out", "x"])
    again = TrainConfig(
        arch=options.arch,
        variant=options.variant,
        data=options.data,
        epochs=options.epochs,
        seed=options.seed,
    )
    assert with_settings(again, options.set) == _shareable(config)


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
