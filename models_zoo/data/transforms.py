"""Joint image and mask transforms for training, and the way from an image to a network's input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from models_zoo.data.base import Dataset
from models_zoo.seeds import seed_for
from models_zoo.torchvision_ops import tv_tensors, v2

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def normalise(image: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """…×3×H×W RGB of 0 … 255 → float32 with `mean` and `std` (of 0 … 1) taken out."""
    return v2.functional.normalize(image.float() / 255, list(mean), list(std))


class TrainingItems(TorchDataset):
    """A data set's items, augmented: scale, crop, flip and colour, drawn from (seed, epoch, index).

    Asked for by (epoch, index), so that an item is the same whatever worker draws it and whenever.
    Decoded files are kept in memory.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        seed: int,
        crop: tuple[int, int],
        scale: tuple[float, float],
        jitter: float,
    ) -> None:
        self.dataset, self.seed = dataset, seed
        self._decoded: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        ignored = 255 if dataset.ignore_index is None else dataset.ignore_index
        fill = {tv_tensors.Image: 0, tv_tensors.Mask: ignored}
        self._geometry = v2.Compose(
            [
                v2.ScaleJitter(dataset.input_size, scale_range=scale, antialias=True),
                v2.RandomCrop(crop, pad_if_needed=True, fill=fill),
                v2.RandomHorizontalFlip(),
            ]
        )
        self._colour = v2.ColorJitter(jitter, jitter, jitter, jitter / 6)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, Tensor]:
        epoch, index = key
        if index not in self._decoded:
            self._decoded[index] = self.dataset.load(index)
        image, mask = (torch.from_numpy(array.copy()) for array in self._decoded[index])
        torch.manual_seed(seed_for(self.seed, epoch, index))
        image, mask = self._geometry(
            tv_tensors.Image(image.permute(2, 0, 1)), tv_tensors.Mask(mask)
        )
        image = self._colour(image)
        return normalise(image.as_subclass(Tensor), IMAGENET_MEAN, IMAGENET_STD), mask.long()
