"""One training run from its configuration to a checkpoint with sidecar, with its events."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models_zoo.checkpoints.files import sidecar_save
from models_zoo.files import clear_temporaries
from models_zoo.memory import memory_keep
from models_zoo.networks.build import build
from models_zoo.networks.catalogue import architecture_get
from models_zoo.networks.pretrained import pretrained_load
from models_zoo.precision import device_name, resolve, to_train
from models_zoo.predict.evaluation import passport
from models_zoo.seeds import seed_for
from models_zoo.training.batches import Batches, batch_loader, training_items
from models_zoo.training.class_weights import class_weights
from models_zoo.training.config import TrainConfig
from models_zoo.training.distillation import distillation_build
from models_zoo.training.distributed import Group, group_joined
from models_zoo.training.inputs import Inputs, inputs_open
from models_zoo.training.loop import WEIGHTS_NAME, Trainer
from models_zoo.training.named import checkpoint_find, weights_take
from models_zoo.training.objective import Objective
from models_zoo.training.optimisation import Optimisation
from models_zoo.training.record.events import EventLog
from models_zoo.training.record.failures import (
    FAILED_CODE,
    Stopped,
    TrainingFailed,
    failure_of,
    peer_lost,
)
from models_zoo.training.record.sidecar import sidecar_of
from models_zoo.training.record.state import state_files
from models_zoo.translation import gettext_noop as _


def train(config: TrainConfig, out: Path, *, resume: bool = False) -> dict[str, Any]:
    """Trains, writes `out`/best.safetensors with its sidecar, and returns the sidecar.

    Raises Stopped after SIGTERM (the state is saved), ValueError for input that does not fit,
    TrainingFailed for what a run may meet. Every failure is written as an event first.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not resume and state_files(out):
        raise ValueError(_(f"{out} holds a run already: give --resume or another folder."))
    # Here and not in what predicts, which gives memory back as its budget says. On one core a step
    # of slim FCN-8s takes 298 ms for 337.
    memory_keep()
    with group_joined() as group:
        if group.leads:
            clear_temporaries(out)
        events = EventLog(out)
        try:
            return _run(config, out, resume=resume, group=group, events=events)
        except Stopped:
            if group.leads:
                events.write("stopped")
            raise
        except Exception as error:
            failure = failure_of(error, out)
            # The process that was lost first tells its own failure; this one would tell a
            # consequence.
            if not (group.world > 1 and peer_lost(error)):
                # A full disk takes no event either, and must not hide what ended the run.
                with suppress(OSError):
                    events.write("failure", **failure.to_json())
            if failure.code == FAILED_CODE:
                raise TrainingFailed(failure) from error
            raise


def _run(
    config: TrainConfig, out: Path, *, resume: bool, group: Group, events: EventLog
) -> dict[str, Any]:
    inputs = inputs_open(config, out, group, events.alive)
    trainer = trainer_build(config, out, inputs=inputs, group=group, events=events)
    resumed = trainer.resume() if resume else False
    if group.leads:
        fields: dict[str, Any] = {
            "processes": group.world,
            "resumed": resumed,
            "epoch": trainer.at.epoch,
        }
        fields |= {"steps": trainer.batches.steps, "classes": len(inputs.val.classes)}
        findings = [str(finding) for finding in inputs.audit.findings]
        measured = passport(inputs.val, sha256="", precision=trainer.optimisation.precision)
        # The data may be others by now than when the run was queued.
        fields["dataset"] = {
            **inputs.train.passport,
            "classes": inputs.train.classes,
            "ignore_index": inputs.train.ignore_index,
        }
        events.write(
            "start", config=config.to_json(), findings=findings, protocol=measured, **fields
        )
    with _stopping_on_signals(trainer):
        trainer.run()
    sidecar: dict[str, Any] = {}
    if group.leads:
        best = trainer.at.best
        sidecar = sidecar_of(config, inputs, out / WEIGHTS_NAME, best=best, alive=events.alive)
        sidecar_save(out / WEIGHTS_NAME, sidecar)
        ended = {"key": sidecar["key"], "miou": sidecar["scores"][0]["miou"]}
        events.write_once("end", epoch=trainer.at.epoch, **ended)
    shared: dict[str, Any] = group.share(sidecar)
    return shared


@contextmanager
def _stopping_on_signals(trainer: Trainer) -> Iterator[None]:
    """SIGTERM and the first Ctrl-C end the run after its step; a second Ctrl-C ends it at once."""

    def ask(number: int, _: Any) -> None:
        trainer.stop_asked = True
        if number == signal.SIGINT:
            signal.signal(number, signal.default_int_handler)

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def trainer_build(
    config: TrainConfig, out: Path, *, inputs: Inputs, group: Group, events: EventLog
) -> Trainer:
    """Network, optimiser and batches of a run, at its beginning. ValueError for what is unknown."""
    device, classes = device_name(), inputs.train.classes
    datasets = [inputs.train, *([inputs.pseudo] if inputs.pseudo else [])]
    items = training_items(datasets, config)
    batches = Batches(
        len(items),
        labelled=len(inputs.train),
        extra=round(config.pseudo_ratio * len(inputs.train)),
        batch=config.batch,
        seed=config.seed,
        group=group,
        passes=config.passes,
    )
    weights = class_weights(config.class_weights, classes, inputs.audit)
    objective = Objective(config.loss, None if weights is None else torch.from_numpy(weights))
    network = _network_begun(config, len(classes), events if group.leads else None)
    precision, distillation, hashes = resolve(config.precision, device), None, inputs.hashes
    if config.start:
        start = checkpoint_find(config.start, classes, role="start")
        taken = weights_take(network, start)
        if group.leads:
            events.write("begun_with", **asdict(taken))
        hashes = [*hashes, start.sidecar["sha256"]]
    if config.teacher:
        teacher = checkpoint_find(config.teacher, classes, role="teacher")
        distillation = distillation_build(teacher, precision=precision, device=device)
        # A resumed run must find the same teacher, wherever its file lies by then.
        hashes = [*hashes, teacher.sidecar["sha256"]]
    optimisation = Optimisation(
        to_train(network, device),
        objective.to(device),
        config,
        precision=precision,
        device=device,
        group=group,
        distillation=distillation,
    )
    return Trainer(
        config,
        out,
        optimisation=optimisation,
        batches=batches,
        loader=batch_loader(items, batches, config.workers),
        val=inputs.val,
        hashes=hashes,
        group=group,
        events=events,
    )


def _network_begun(config: TrainConfig, num_classes: int, events: EventLog | None) -> nn.Module:
    """The network as a run begins with it; which layers were filled is told to `events`."""
    # Right before building, so that the initial weights hang on nothing but the seed.
    torch.manual_seed(seed_for(config.seed, "weights"))
    network = build(
        config.architecture, variant=config.variant, num_classes=num_classes, **config.options
    )
    if config.pretrained:
        filled = pretrained_load(network, architecture_get(config.architecture))
        if events is not None:
            events.write("pretrained", **asdict(filled))
    return network
