"""The training loop of one run in one folder, which can be killed at any moment and resumed."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader

from models_zoo.catalogue import build
from models_zoo.data import open_dataset
from models_zoo.data.transforms import TrainingItems
from models_zoo.metrics import scores
from models_zoo.precision import autocast, device_name, resolve
from models_zoo.seeds import seed_for
from models_zoo.training.checkpoints import weights_save
from models_zoo.training.config import TrainConfig
from models_zoo.training.events import EventLog
from models_zoo.training.losses import class_weights
from models_zoo.training.schedules import learning_rate
from models_zoo.training.state import state_load, state_save
from models_zoo.training.validation import validate

WEIGHTS_NAME = "best.safetensors"


class Stopped(Exception):
    """SIGTERM arrived: the step was finished and the state saved."""


class Trainer:
    """One run: network, optimiser and position, in the folder `out`.

    The order of the images and every random choice follow from (seed, epoch, step), so the state
    to resume from is weights, optimiser and position alone.
    """

    def __init__(self, config: TrainConfig, out: Path) -> None:
        self.config, self.out = config, out
        self.train_set = open_dataset(config.data, "train")
        self.val_set = open_dataset(config.data, "val")
        self.device = device_name()
        self.precision = resolve(config.precision, self.device)
        torch.manual_seed(seed_for(config.seed, "weights"))
        self.network: nn.Module = build(
            config.arch,
            variant=config.variant,
            num_classes=len(self.train_set.classes),
            pretrained=config.pretrained,
        ).to(self.device, memory_format=torch.channels_last)
        self.optimizer = torch.optim.AdamW(self._groups(), lr=config.lr)
        self.loss = nn.CrossEntropyLoss(
            weight=class_weights(config.class_weights, self.train_set),
            ignore_index=-100
            if self.train_set.ignore_index is None
            else self.train_set.ignore_index,
        ).to(self.device)
        self.items = TrainingItems(
            self.train_set,
            seed=config.seed,
            crop=config.crop,
            scale=config.scale,
            jitter=config.jitter,
        )
        self.steps_per_epoch = max(1, len(self.items) // config.batch)
        self.epoch, self.step, self.loss_sum = 0, 0, 0.0
        self.best: dict[str, Any] = {"miou": -1.0, "epoch": None}
        self.stop_asked = False

    def _groups(self) -> list[dict[str, Any]]:
        """Kernels decay; biases and normalisation do not."""
        kernels = [p for p in self.network.parameters() if p.dim() > 1]
        vectors = [p for p in self.network.parameters() if p.dim() <= 1]
        return [
            {"params": kernels, "weight_decay": self.config.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ]

    def run(self, events: EventLog) -> None:
        """Trains from the current position to the last epoch. Stopped after a SIGTERM."""
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "stop_asked", True))
        while self.epoch < self.config.epochs:
            started = time.perf_counter()
            first_step = self.step
            self._train_epoch(events)
            seconds = time.perf_counter() - started
            counts = validate(self.network, self.val_set, self.precision)
            result = scores(counts)
            loss = self.loss_sum / self.steps_per_epoch
            self.epoch, self.step, self.loss_sum = self.epoch + 1, 0, 0.0
            if (result["miou"] or 0.0) > self.best["miou"]:
                sha256 = weights_save(self.out / WEIGHTS_NAME, self.network)
                self.best = {"miou": result["miou"], "epoch": self.epoch, "sha256": sha256}
            self.save()
            events.write(
                "epoch",
                epoch=self.epoch,
                loss=loss,
                lr=self.optimizer.param_groups[0]["lr"],
                seconds=round(seconds, 2),
                images_per_second=round(
                    (self.steps_per_epoch - first_step) * self.config.batch / seconds, 2
                ),
                **result,
                confusion=counts.tolist(),
            )

    def _batches(self) -> DataLoader:
        """The rest of the current epoch's batches, from the current step on."""
        generator = torch.Generator().manual_seed(seed_for(self.config.seed, self.epoch, "order"))
        order = torch.randperm(len(self.items), generator=generator).tolist()
        size = self.config.batch
        batches = [
            [(self.epoch, index) for index in order[step * size : (step + 1) * size]]
            for step in range(self.step, self.steps_per_epoch)
        ]
        return DataLoader(self.items, batch_sampler=batches, num_workers=self.config.workers)

    def _train_epoch(self, events: EventLog) -> None:
        self.network.train()
        total = self.steps_per_epoch * self.config.epochs
        for image, mask in self._batches():
            done = self.epoch * self.steps_per_epoch + self.step
            rate = learning_rate(self.config.schedule, self.config.lr, done, total)
            loss = self._train_step(image, mask, rate, seed_for(self.config.seed, done, "step"))
            self.loss_sum += loss
            self.step += 1
            if self.step % 10 == 0:
                events.write("step", epoch=self.epoch + 1, step=self.step, loss=loss, lr=rate)
            if self.stop_asked:
                self.save()
                raise Stopped

    def _train_step(self, image, mask, rate: float, seed: int) -> float:
        """One optimiser step; FloatingPointError when the loss is not finite."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        torch.manual_seed(seed)
        image = image.to(self.device, memory_format=torch.channels_last)
        with autocast(self.precision, self.device):
            logits = self.network(image)
        loss = self.loss(logits.float(), mask.to(self.device))
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f"The loss became {loss.item()} in epoch {self.epoch + 1}, step {self.step + 1}. "
                "Try a lower learning rate or precision=fp32."
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        return loss.item()

    def save(self) -> None:
        """Writes the state to resume from."""
        position = {"epoch": self.epoch, "step": self.step, "loss_sum": self.loss_sum}
        done = self.epoch * self.steps_per_epoch + self.step
        state = {
            "config": self.config.as_dict(),
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
            **position,
        }
        state_save(self.out, done, state)

    def resume(self) -> bool:
        """Goes on from the newest state in the folder; False when there is none.

        ValueError when it belongs to another configuration.
        """
        state = state_load(self.out)
        if state is None:
            return False
        if state["config"] != self.config.as_dict():
            raise ValueError(f"{self.out} holds a run with another configuration.")
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best = state["best"]
        self.epoch, self.step = state["epoch"], state["step"]
        self.loss_sum = state["loss_sum"]
        return True
