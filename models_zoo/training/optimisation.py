"""From gradients to weights: the optimiser, mixed precision, averaging, parts of a batch."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from models_zoo.data.transforms import IGNORED
from models_zoo.precision import autocast
from models_zoo.training.config import TrainConfig
from models_zoo.training.distillation import Distillation
from models_zoo.training.distributed import Group
from models_zoo.training.objective import Heads, Objective
from models_zoo.translation import gettext_noop as _

GRADIENT_NORM = 5.0


class Optimisation:
    """The weights of one network and all that changes them, in one or several processes."""

    def __init__(
        self,
        network: nn.Module,
        objective: Objective,
        config: TrainConfig,
        *,
        precision: str,
        device: str,
        group: Group,
        distillation: Distillation | None = None,
    ) -> None:
        self.network, self.objective, self.group = network, objective, group
        self.distillation = distillation
        self.precision, self.device, self.parts = precision, device, config.accumulate
        trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        groups: list[dict[str, Any]] = [  # kernels decay; biases and normalisation do not
            {"params": [p for p in trained if p.dim() > 1], "weight_decay": config.weight_decay},
            {"params": [p for p in trained if p.dim() <= 1], "weight_decay": 0.0},
        ]
        self.optimizer: torch.optim.Optimizer = (
            torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum)
            if config.optimizer == "sgd"
            # Fused: the same numbers to rounding, in one pass over the weights.
            else torch.optim.AdamW(groups, lr=config.lr, fused=True)
        )
        # fp16 ends at 65,504 and loses small gradients; bf16 has float32's range.
        self.scaler = torch.amp.GradScaler(device, enabled=device == "cuda" and precision == "fp16")
        self.average = (
            AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(config.ema))
            if config.ema
            else None
        )
        self.heads: Any = Heads(network)  # alone, or wrapped by DistributedDataParallel
        if group.world > 1:
            self.heads = DistributedDataParallel(self.heads)

    @property
    def validated(self) -> nn.Module:
        """The network to score and to keep: the averaged one where weights are averaged."""
        return self.network if self.average is None else self.average.module

    def step(
        self,
        image: Tensor,
        mask: Tensor,
        *,
        rate: float,
        stop: bool,
        seen: Tensor | None = None,
    ) -> tuple[float, bool]:
        """One optimiser step at the learning rate `rate` on this process's share of a batch.

        `image` is N×3×H×W float32, normalised; `mask` N×H×W int64, IGNORED where nothing is known.
        `seen`, where given, are K×K int64 counts to which those of this share's logits are added.
        Returns the loss over the whole batch, and whether any process was asked to stop.
        FloatingPointError when the loss is not finite.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        image = image.to(self.device, memory_format=torch.channels_last)
        mask = mask.to(self.device)
        # Travels with the mass: one sum, after which all processes end with the same step.
        asked = torch.tensor(float(stop), dtype=torch.float64, device=mask.device)
        mass, stops = self.group.add(torch.stack([self.objective.mass(mask), asked])).tolist()
        self.optimizer.zero_grad(set_to_none=True)
        loss = self._backward(image, mask, mass, seen)
        # Before the weights change: the state on the disk stays one to go on from.
        if not torch.isfinite(loss):
            raise FloatingPointError(
                _(f"The loss became {loss.item()}. Try a lower learning rate or precision=fp32.")
            )
        # The norm below is meant of the gradients themselves, not of fp16's scaled ones.
        self.scaler.unscale_(self.optimizer)
        nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_NORM)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.average is not None:
            self.average.update_parameters(self.network)
        return loss.item(), stops > 0

    def _backward(self, image: Tensor, mask: Tensor, mass: float, seen: Tensor | None) -> Tensor:
        """Gradients of the whole batch's loss, which is returned, part by part."""
        total = torch.zeros((), device=mask.device)
        # chunk may give fewer parts than asked for (5 images in 4: 2, 2, 1), so these are counted.
        parts = list(zip(image.chunk(self.parts), mask.chunk(self.parts), strict=True))
        for number, (part, truth) in enumerate(parts, start=1):
            # Gradients cross the processes once a step, with its last part.
            waits = self.group.world > 1 and number < len(parts)
            with self.heads.no_sync() if waits else nullcontext():
                with autocast(self.precision, self.device):
                    heads = self.heads(part)
                # Means by their share of the valid pixels add up, over parts and processes, to the
                # loss of one process that sees the whole batch (not so OHEM and Dice); equal shares
                # would favour the pixels of sparse parts.
                share = (self.objective.mass(truth) / max(mass, 1e-12)).float()
                loss = self.objective(heads, truth)
                if self.distillation is not None:
                    loss = self.distillation(loss, heads[0][0], part, truth)
                loss = loss * share
                # The group averages gradients; the loss is a sum.
                self.scaler.scale(loss * self.group.world).backward()
            total += loss.detach()
            if seen is not None:
                # Train mIoU costs an argmax this way, and no pass of its own; augmented and in
                # train mode, it is not comparable with val's to the last point, but its course
                # tells overfitting.
                logits = heads[0][0].detach()
                classes = logits.shape[1]
                # Ignored pixels fall into rows beyond the classes, which are cut off: cheaper than
                # selecting.
                pairs = truth * classes + logits.argmax(dim=1)
                counts = torch.bincount(pairs.flatten(), minlength=(IGNORED + 1) * classes)
                seen += counts.view(-1, classes)[:classes]
        return self.group.add(total)

    def state(self) -> dict[str, Any]:
        """Everything that a resumed run needs of this."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes back to what `state` returned."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
