"""Which images a step sees: an order per epoch that follows from the seed, cut into batches."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from models_zoo.data.base import DatasetSplit
from models_zoo.data.transforms import TrainingItems
from models_zoo.fence import die_with_parent
from models_zoo.seeds import seed_for
from models_zoo.training.config import TrainConfig
from models_zoo.training.distributed import Group

Key = tuple[int, int]


class Batches:
    """The batches of an epoch for one process of the group, as (pass, index) keys of the items.

    An epoch is some `passes` over the items. Items from `labelled` on are pseudo-labelled: a pass
    has every labelled item and as many pseudo-labelled ones as `extra` says, other ones each time.
    What does not fill a batch is left to other epochs. Set `epoch` and `step` to say where to
    begin; a step's images do not depend on how many processes share them.
    """

    def __init__(
        self,
        items: int,
        *,
        labelled: int,
        extra: int,
        batch: int,
        seed: int,
        group: Group,
        passes: int = 1,
    ) -> None:
        self.items, self.labelled, self.extra = items, labelled, min(extra, items - labelled)
        self.batch, self.seed, self.group, self.passes = batch, seed, group, passes
        # With fewer items than a batch holds, what there is makes one step.
        self.steps = max(1, passes * (labelled + self.extra) // batch)
        self.epoch = self.step = 0

    def __iter__(self) -> Iterator[list[Key]]:
        # Passes count on through all epochs: order and augmentation follow from the number, and no
        # two passes of a run are alike.
        first = self.epoch * self.passes
        passes = range(first, first + self.passes)
        order = [(number, index) for number in passes for index in self._order(number)]
        for step in range(self.step, self.steps):
            # Cut by the whole batch and shared afterwards: a step sees the same images in any
            # group.
            keys = order[step * self.batch : (step + 1) * self.batch]
            yield keys[self.group.rank :: self.group.world]

    def _order(self, number: int) -> list[int]:
        # A generator of its own: what the global one gives depends on how often it was asked
        # before.
        generator = torch.Generator().manual_seed(seed_for(self.seed, number, "order"))
        if not self.extra:
            return torch.randperm(self.labelled, generator=generator).tolist()
        pseudo = torch.randperm(self.items - self.labelled, generator=generator)[: self.extra]
        mixed = torch.cat([torch.arange(self.labelled), self.labelled + pseudo])
        return mixed[torch.randperm(len(mixed), generator=generator)].tolist()


def training_items(datasets: Sequence[DatasetSplit], config: TrainConfig) -> TrainingItems:
    """The items of some data sets, augmented as a run's configuration says."""
    return TrainingItems(
        datasets,
        seed=config.seed,
        crop=config.crop,
        scale=config.scale,
        flip=config.flip,
        jitter=config.jitter,
    )


def batch_loader(
    items: TrainingItems, batches: Batches, workers: int
) -> DataLoader[tuple[Tensor, Tensor]]:
    """Reads `batches` whenever it is iterated; its processes live on and keep their images.

    It gives N×3×h×w float32 images, normalised, and N×h×w int64 masks, at the size of the crop.
    """
    return DataLoader(
        items,
        batch_sampler=batches,
        num_workers=workers,
        # New workers for each epoch decoded every image again: their cache never served.
        persistent_workers=workers > 0,
        worker_init_fn=_stand_apart,
    )


def _stand_apart(_: int) -> None:
    """Lets signals to the trainer's group pass by: it still needs images to finish its step.

    On Linux the kernel ends this process with the trainer; elsewhere torch notices in seconds.
    """
    # Ignoring SIGTERM instead hung runs that had failed: at its exit Python sends that signal to
    # its children and waits for them.
    os.setpgid(0, 0)
    die_with_parent()
