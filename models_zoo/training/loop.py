"""The training loop of one run in one folder, which can be killed at any moment and resumed."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from models_zoo.checkpoints.files import weights_save
from models_zoo.data.base import DatasetSplit
from models_zoo.data.kept import Kept
from models_zoo.files import sha256_of
from models_zoo.metrics import confusion, scores
from models_zoo.seeds import seed_for
from models_zoo.training.batches import Batches
from models_zoo.training.config import TrainConfig
from models_zoo.training.distributed import Group
from models_zoo.training.optimisation import Optimisation
from models_zoo.training.record.events import EventLog
from models_zoo.training.record.failures import Stopped
from models_zoo.training.record.pictures import RunPictures
from models_zoo.training.record.state import state_resume, state_save
from models_zoo.training.schedules import learning_rate
from models_zoo.training.validation import predictions, weighted_loss
from models_zoo.translation import gettext_noop as _

WEIGHTS_NAME = "best.safetensors"
# New best weights wait under this name until the state that knows of them is on the disk.
_PENDING_NAME = "pending.safetensors"
# Each event is forced to disk, which short steps should not wait for every time.
_STEPS_PER_EVENT = 10
# A run may go on where its data and checkpoints lie elsewhere, and with other processes to read.
_FREE_TO_CHANGE = ("data", "pseudo", "teacher", "start", "workers")


@dataclass
class Position:
    """Where a run stands: whole epochs done, steps of the next one, the best epoch so far.

    `events` are those of the last whole epoch, so that a run killed before it logged them can.
    `seen` are the confusion counts of the running epoch's training batches.
    """

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    seen: list[list[int]] | None = None
    best: dict[str, Any] = field(default_factory=lambda: {"miou": -1.0, "epoch": 0, "sha256": ""})
    events: dict[str, dict[str, Any]] = field(default_factory=dict)


class Trainer:
    """Takes a network from the position in `out` to its last epoch.

    The order of the images and every random choice follow from (seed, epoch, step), so the state
    to resume from is weights, optimiser and position. Set `stop_asked` to end after a step.
    """

    def __init__(
        self,
        config: TrainConfig,
        out: Path,
        *,
        optimisation: Optimisation,
        batches: Batches,
        loader: DataLoader[tuple[Tensor, Tensor]],
        val: DatasetSplit,
        hashes: list[str],
        group: Group,
        events: EventLog,
    ) -> None:
        self.config, self.out, self.group, self.events = config, out, group, events
        self.optimisation, self.batches, self.loader = optimisation, batches, loader
        # Kept in memory: drawing the 200 scenes of val anew took a tenth of a short epoch.
        self.val, self.val_items, self.hashes = val, Kept(val), hashes
        self.pictures = RunPictures(out, val)
        count = min(config.probes, len(val))
        self.probes = set(np.linspace(0, len(val) - 1, count).astype(int).tolist())
        self.at = Position()
        self.seen = torch.zeros((len(val.classes),) * 2, dtype=torch.int64)
        self.seen = self.seen.to(optimisation.device)
        self.stop_asked = False

    @property
    def finished(self) -> bool:
        """Whether the last epoch is done, or as many passed without a better one as may."""
        waited = self.at.epoch - self.at.best["epoch"]
        impatient = 0 < self.config.patience <= waited
        return self.at.epoch >= self.config.epochs or impatient

    def run(self) -> None:
        """Trains to the end. Stopped, with the state saved, once `stop_asked` is set."""
        while not self.finished:
            started, first_step = time.perf_counter(), self.at.step
            self._train_epoch()
            seconds = time.perf_counter() - started
            counts, val_loss = self._validate()
            steps = self.batches.steps - first_step
            self._close_epoch(counts, val_loss=val_loss, seconds=seconds, steps=steps)

    def _train_epoch(self) -> None:
        self.optimisation.network.train()
        self.batches.epoch, self.batches.step = self.at.epoch, self.at.step
        text = f"epoch {self.at.epoch + 1}/{self.config.epochs}"
        if self.at.best["epoch"]:
            text += f", best mIoU {self.at.best['miou']:.4f}"
        bar = tqdm(
            self.loader,
            desc=text,
            initial=self.at.step,
            total=self.batches.steps,
            leave=False,
            disable=None if self.group.leads else True,  # None: unless stderr is a terminal
        )
        for image, mask in bar:
            done = self.at.epoch * self.batches.steps + self.at.step
            total = self.config.epochs * self.batches.steps
            rate = learning_rate(self.config.schedule, self.config.lr, done, total)
            # Dropout follows from step and process: after a kill it is what it would have been.
            torch.manual_seed(seed_for(self.config.seed, done, "step", self.group.rank))
            loss, stop = self.optimisation.step(
                image, mask, rate=rate, stop=self.stop_asked, seen=self.seen
            )
            self.at.loss_sum += loss
            self.at.step += 1
            if self.group.leads:
                self.events.alive()
                if self.at.step % _STEPS_PER_EVENT == 0:
                    where = {"epoch": self.at.epoch + 1, "step": self.at.step}
                    self.events.write("step", **where, loss=loss, lr=rate)
            if stop:
                self._stop()

    def _validate(self) -> tuple[np.ndarray, float | None]:
        """K×K confusion counts and the loss over the whole val split, each process its share."""
        counts = np.zeros((len(self.val.classes),) * 2, np.int64)
        losses = torch.zeros(2, dtype=torch.float64, device=self.optimisation.device)
        share = range(self.group.rank, len(self.val), self.group.world)
        network, precision = self.optimisation.validated, self.optimisation.precision
        for index, truth, logits in predictions(network, self.val_items, share, precision):
            mask = logits.argmax(dim=0).byte().cpu().numpy()
            counts += confusion(truth, mask, len(counts), self.val.ignore_index)
            losses += weighted_loss(self.optimisation.objective, logits, truth, self.val)
            if self.group.leads:
                self.events.alive()
            if index in self.probes:
                self.pictures.keep_probe(index, mask, epoch=self.at.epoch + 1)
            # In a group, the others would wait for ever in the sum below: there the next step tells
            # all.
            if self.stop_asked and self.group.world == 1:
                self._stop()
        total = self.group.add(torch.from_numpy(counts).to(self.optimisation.device))
        loss, mass = self.group.add(losses).tolist()
        return total.cpu().numpy(), loss / mass if mass else None

    def _close_epoch(
        self, counts: np.ndarray, *, val_loss: float | None, seconds: float, steps: int
    ) -> None:
        """Moves on to the next epoch: best weights, state, then the events that it promises."""
        result, at = scores(counts), self.at
        loss = at.loss_sum / self.batches.steps
        train_miou = scores(self.group.add(self.seen).cpu().numpy())["miou"]
        self.seen.zero_()
        at.epoch, at.step, at.loss_sum, at.seen = at.epoch + 1, 0, 0.0, None
        at.events = {
            "epoch": {
                "epoch": at.epoch,
                "loss": loss,
                "val_loss": val_loss,
                "lr": self.optimisation.optimizer.param_groups[0]["lr"],
                "seconds": round(seconds, 2),
                "images_per_second": round(steps * self.config.batch / seconds, 2),
                "train_miou": train_miou,
                **result,
                "confusion": counts.tolist(),
            }
        }
        # None where no class of the split could be counted.
        miou = result["miou"] or 0.0
        if miou > at.best["miou"]:
            at.best = {"miou": miou, "epoch": at.epoch, "sha256": ""}
            if self.group.leads:
                # Beside the former ones: a kill before the state is written leaves weights that fit
                # it.
                path = self.out / _PENDING_NAME
                at.best["sha256"] = weights_save(path, self.optimisation.validated)
            at.events["checkpoint"] = {**at.best, "file": WEIGHTS_NAME}
        if self.group.leads:
            self.save()
            # After the state, which holds what a kill keeps out of the log: an epoch is logged
            # once.
            self.settle()
            epoch = at.events["epoch"]
            figures = ("loss", "val_loss", "train_miou", "miou")
            told = "  ".join(f"{name} {epoch[name] or 0:.4f}" for name in figures)
            where = f"epoch {epoch['epoch']}/{self.config.epochs}"
            tqdm.write(f"{where}  {told}  {epoch['seconds']:.1f} s", file=sys.stderr)

    def _stop(self) -> None:
        # The sum of all processes, since the leading one alone keeps a state and takes it up again.
        self.at.seen = self.group.add(self.seen).tolist()
        if self.group.leads:
            self.save()
        raise Stopped

    def save(self) -> None:
        """Writes the state to resume from."""
        done = self.at.epoch * self.batches.steps + self.at.step
        state = {
            "config": self.config.to_json(),
            "hashes": self.hashes,
            "classes": [entry["name"] for entry in self.val.classes],
            "position": asdict(self.at),
            **self.optimisation.state(),
        }
        state_save(self.out, done, state)

    def settle(self) -> None:
        """Makes good what the saved state promises: its best weights in place, its events logged.

        A kill may have come before; weights of an epoch that no state knows of are thrown away.
        """
        pending = self.out / _PENDING_NAME
        if pending.exists():
            if sha256_of(pending) == self.at.best["sha256"]:
                pending.replace(self.out / WEIGHTS_NAME)
            else:
                pending.unlink()
        for event, fields in self.at.events.items():
            self.events.write_once(event, **fields)

    def _forget_lost_best(self, position: dict[str, Any]) -> None:
        """The best weights that an older state names may have been replaced by a later epoch's."""
        best, places = position["best"], (self.out / _PENDING_NAME, self.out / WEIGHTS_NAME)
        if best["epoch"] and not any(
            path.exists() and sha256_of(path) == best["sha256"] for path in places
        ):
            # As of this epoch, since patience counts from here; the next one is better than none.
            position["best"] = {"miou": -1.0, "epoch": position["epoch"], "sha256": ""}

    def _tell_damaged(self, damaged: list[str], position: dict[str, Any]) -> None:
        """That the newest states could not be read, and where the run goes on instead."""
        where = {"epoch": position["epoch"], "step": position["step"]}
        self.events.write("fallback", damaged=damaged, **where)
        told = "epoch {epoch}, step {step}".format(**where)
        tqdm.write(f"{', '.join(damaged)}: damaged. Going on from {told}.", file=sys.stderr)

    def resume(self) -> bool:
        """Goes on from the newest state in the folder; False when there is none.

        ValueError when it belongs to another configuration, but for more epochs, or the data has
        changed.
        """
        state: dict[str, Any] | None = None
        damaged: list[str] = []
        if self.group.leads:
            state, damaged = state_resume(self.out)
            if state is not None and damaged:
                self._forget_lost_best(state["position"])
        state = self.group.share(state)
        if damaged:
            self._tell_damaged(damaged, state["position"] if state else asdict(self.at))
        if state is None:
            return False
        # Through the codec: a setting made since the state was written has its default there.
        former = TrainConfig.from_json(state["config"]).to_json()
        changed = [
            name
            for name, value in self.config.to_json().items()
            if name not in _FREE_TO_CHANGE
            and former[name] != value
            # A run may go on for longer than it was to; its learning rate follows the new end.
            and not (name == "epochs" and value > former[name])
        ]
        if changed:
            raise ValueError(_(f"{self.out} holds a run with another {', '.join(changed)}."))
        classes = [entry["name"] for entry in self.val.classes]
        # A state of an earlier version does not name the classes.
        if state["hashes"] != self.hashes or state.get("classes", classes) != classes:
            raise ValueError(
                _(
                    "The data has changed, or the teacher or the start, since the run in "
                    f"{self.out} began."
                )
            )
        self.optimisation.restore(state)
        self.at = Position(**state["position"])
        if self.group.leads and self.at.seen is not None:
            self.seen.copy_(torch.tensor(self.at.seen))
        if self.group.leads:
            self.settle()
        return True
