"""What each command does; it prints for people and returns what `--json` prints.

Nothing here imports torch before a command needs it, so that `list` and `--help` are quick.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from models_zoo.checkpoints.resolve import resolve
from models_zoo.data import open_dataset
from models_zoo.data.audit import audit as audit_splits
from models_zoo.files import write_atomically
from models_zoo.images import open_image
from models_zoo.masks import mask_png
from models_zoo.networks.catalogue import VARIANTS, catalogue
from models_zoo.training.config import FLAGS, TrainConfig, with_settings
from models_zoo.training.record.events import EventLog
from models_zoo.training.record.failures import (
    FAILED_CODE,
    Kind,
    Stopped,
    TrainingFailed,
    failure_of,
)
from models_zoo.training.zoo.presets import paper_settings

Command = Callable[[argparse.Namespace], dict[str, Any]]


class Failed(Exception):
    """A command met a failure that it explains."""


def list_(options: argparse.Namespace) -> dict[str, Any]:
    """The catalogue; with `--json`, what each variant costs and sees, which is computed."""
    for architecture in catalogue().values():
        print(f"{architecture.key:20} {architecture.paper.year}  {architecture.title}")
        print(f"{'':26}{architecture.idea}")
    if not options.json:
        return {}
    from models_zoo.networks.measure import figures

    return {
        "architectures": [
            {
                "key": a.key,
                "title": a.title,
                "paper": a.paper.title,
                "year": a.paper.year,
                "idea": a.idea,
                "variants": {variant: asdict(figures(a.key, variant)) for variant in VARIANTS},
            }
            for a in catalogue().values()
        ]
    }


def train(options: argparse.Namespace) -> dict[str, Any]:
    """Trains, or goes on training."""
    from models_zoo.training.run import train as train_run

    try:
        config = _config(options)
    except ValueError as error:
        if options.out.is_dir():  # of a run that somebody waits for
            EventLog(options.out).write("failure", **failure_of(error).to_json())
        raise
    try:
        sidecar = train_run(config, options.out, resume=options.resume)
    except Stopped:
        print(f"Stopped; go on with --resume --out {options.out}")
        return {"stopped": True}
    result = sidecar["scores"][0]
    print(f"{sidecar['key']}: mIoU {result['miou']:.4f} on {result['split']} (fp32)")
    return {"key": sidecar["key"], **result}


def _config(options: argparse.Namespace) -> TrainConfig:
    """The file of --config, then the flags, then --set: what comes later wins."""
    given = {name: value for name in FLAGS if (value := getattr(options, name)) is not None}
    settings = (_settings_read(options.config) if options.config else {}) | given
    if options.paper:
        settings = paper_settings(settings.get("architecture", "")) | settings
    return with_settings(TrainConfig.from_json(settings), options.set)


def _settings_read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_bytes()))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} holds no JSON object of settings: {error}.") from error


def preflight(options: argparse.Namespace) -> dict[str, Any]:
    """Audits the data and tries a batch; with `--json`, a failure is an object too."""
    from models_zoo.training.preflight import preflight as look

    try:
        found = look(_config(options))
    except Exception as error:
        failure = failure_of(error, Path())
        if failure.kind == Kind.UNFORESEEN:
            failure = replace(failure, code=FAILED_CODE)
        if options.json:
            print(json.dumps({"failure": failure.to_json()}))
        if failure.code == FAILED_CODE:
            raise TrainingFailed(failure) from error
        raise
    for finding in found["findings"]:
        print(finding["message"])
    if batch := found["batch"]:
        print(
            f"{batch['seconds']:.2f} s a step and {batch['peak_bytes'] / 2**30:.2f} GiB at most on "
            f"{batch['device']}; about {batch['total_seconds'] / 60:.0f} min in all"
        )
    return found


def evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """Scores a checkpoint."""
    from models_zoo.predict.engine import Engine
    from models_zoo.predict.evaluation import evaluate as evaluate_checkpoint

    checkpoint = resolve(options.checkpoint)
    dataset = open_dataset(options.data, options.split)
    engine = Engine(precision=options.precision)
    found = evaluate_checkpoint(engine, checkpoint.weights_path, checkpoint.sidecar, dataset)
    key, result = checkpoint.sidecar["key"], found.scores
    if options.out:
        found.write(options.out, key=key)
    for entry, iou in zip(dataset.classes, result["per_class_iou"], strict=True):
        print(f"{entry['name']:20} {_fraction(iou)}")
    for name in ("image_miou", "worst_tenth", "boundary_iou", "boundary_f1"):
        print(f"{name:20} {_fraction(result[name])}")
    for failure, entry in result.get("diagnosis", {}).items():
        print(f"{failure:20} {_fraction(entry['value'])}  ({entry['objects']} objects)")
    print(
        f"mIoU {_fraction(result['miou'])} over {result['classes_counted']} classes, "
        f"{result['images']} images, {engine.precision}"
    )
    return {"key": key, **result}


def train_zoo(options: argparse.Namespace) -> dict[str, Any]:
    """Trains and ships what the zoo lacks."""
    from models_zoo.precision import device_name
    from models_zoo.training.zoo.plan import plan, zoo_train

    os.nice(19)
    say = partial(print, flush=True)
    items = plan(camvid=options.camvid, full=device_name() == "cuda")
    try:
        failed = zoo_train(items, runs=options.runs, say=say)
    except Stopped:
        print("Stopped; the same command goes on.")
        return {"stopped": True}
    if failed:
        raise Failed(f"{len(failed)} trainings failed: {', '.join(failed)}.")
    return {}


def history(options: argparse.Namespace) -> dict[str, Any]:
    """Exports a finished run's history."""
    from models_zoo.training.zoo.history import history_write

    history_write(options.run_folder, options.out)
    print(f"{options.out}  {options.out.stat().st_size / 1024:.0f} KiB")
    return {"file": str(options.out)}


def _fraction(value: float | None) -> str:
    return "absent" if value is None else f"{value:.4f}"


def predict(options: argparse.Namespace) -> dict[str, Any]:
    """Writes masks."""
    from models_zoo.predict.engine import Engine

    checkpoint = resolve(options.checkpoint)
    targets = _mask_paths(options.images, options.out)
    engine = Engine()
    options.out.mkdir(parents=True, exist_ok=True)
    masks = []
    for path, target in zip(options.images, targets, strict=True):
        prediction = engine.predict(checkpoint.weights_path, checkpoint.sidecar, open_image(path))
        write_atomically(target, mask_png(prediction.mask, checkpoint.sidecar["classes"]))
        print(f"{target}  {prediction.milliseconds:.0f} ms")
        masks.append(
            {"image": str(path), "mask": str(target), "milliseconds": prediction.milliseconds}
        )
    return {"key": checkpoint.sidecar["key"], "masks": masks}


def _mask_paths(images: list[Path], out: Path) -> list[Path]:
    """Where each image's mask goes. ValueError when two share a place or an image lies there."""
    targets = [out / f"{image.stem}.png" for image in images]
    uses, originals = Counter(targets), {image.resolve() for image in images}
    for image, target in zip(images, targets, strict=True):
        if uses[target] > 1:
            raise ValueError(
                f"Several images are called {image.stem}: all their masks would be {target}."
            )
        if target.resolve() in originals:
            raise ValueError(f"The mask of {image} would overwrite an image; choose another --out.")
    return targets


def audit(options: argparse.Namespace) -> dict[str, Any]:
    """Looks for faults; ValueError with those that training refuses."""
    splits = {split: open_dataset(options.data, split) for split in options.splits}
    found = audit_splits(splits)
    for split, pixels in found.class_pixels.items():
        print(f"{split}: {len(splits[split])} images")
        for entry, count in zip(splits[split].classes, pixels.tolist(), strict=True):
            print(f"  {entry['name']:20} {count / max(int(pixels.sum()), 1):8.4%}")
    for finding in found.findings:
        print(finding)
    found.require_sound()
    return found.as_dict()


def pseudo(options: argparse.Namespace) -> dict[str, Any]:
    """Labels images by a checkpoint."""
    from models_zoo.predict.engine import Engine
    from models_zoo.predict.pseudo import pseudo_label, thresholds_parse

    checkpoint = resolve(options.checkpoint)
    names = [entry["name"] for entry in checkpoint.sidecar["classes"]]
    provenance = pseudo_label(
        Engine(),
        checkpoint.weights_path,
        checkpoint.sidecar,
        open_dataset(options.data, options.split),
        thresholds=thresholds_parse(options.threshold, names),
        out=options.out,
    )
    print(f"{provenance['images']} images, {provenance['kept_share']:.1%} of their pixels labelled")
    print(f"Mix them in with --set pseudo=folder:{options.out}")
    return provenance


def bench(options: argparse.Namespace) -> dict[str, Any]:
    """The two ratios, each measured in one run."""
    from models_zoo.bench import counting_ratio, training_ratio

    counting, training = counting_ratio(), training_ratio()
    print(f"training throughput beside a plain loop    {training['ratio']:5.2f} (at least 1.5)")
    print(f"confusion counts beside torchmetrics       {counting['ratio']:5.1f} (at least 20)")
    return {"training": training, "counting": counting}


def gpu_check(options: argparse.Namespace) -> dict[str, Any]:
    """Measures what this device does with the catalogue, and writes the page."""
    from models_zoo.gpu_check.report import gpu_check as check
    from models_zoo.gpu_check.report import report_write
    from models_zoo.precision import device_name

    result = check(device_name(), seconds=60 * options.minutes, say=partial(print, flush=True))
    report_write(result, options.out)
    print(f"{options.out / 'gpu.md'}: {len(result['failed'])} failed")
    return result
