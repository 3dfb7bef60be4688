"""Joint image and mask transforms for training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from models_zoo.data.base import DatasetSplit
from models_zoo.data.kept import Kept
from models_zoo.images import IMAGENET_MEAN, IMAGENET_STD, normalise
from models_zoo.seeds import seed_for
from models_zoo.torchvision_ops import tv_tensors, v2

# A crop's added edge and pseudo-labels need it where a data set itself ignores nothing.
IGNORED = 255  # in every training mask, whatever its data set ignores


class TrainingItems(TorchDataset[tuple[Tensor, Tensor]]):
    """The items of some data sets, one after the other, augmented: scale, crop, flip and colour.

    Asked for by (pass, index), from which and from the seed every random choice is drawn, so that
    an item is the same whatever process draws it and whenever. Pixels to ignore, those beyond the
    image's edge too, become IGNORED.
    """

    def __init__(
        self,
        datasets: Sequence[DatasetSplit],
        *,
        seed: int,
        crop: tuple[int, int],
        scale: tuple[float, float],
        flip: bool,
        jitter: float,
    ) -> None:
        self.seed = seed
        kept = [Kept(dataset) for dataset in datasets]
        self._places = [(items, i) for items in kept for i in range(len(items.dataset))]
        self._input_size, self._scale = datasets[0].input_size, scale
        fill = {tv_tensors.Image: 0, tv_tensors.Mask: IGNORED}
        self._crop = v2.RandomCrop(crop, pad_if_needed=True, fill=fill)
        self._flip = v2.RandomHorizontalFlip(0.5 if flip else 0.0)
        self._colour = v2.ColorJitter(jitter, jitter, jitter, jitter / 6)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, Tensor]:
        number, index = key
        image, mask = (torch.from_numpy(array) for array in self._load(index))
        torch.manual_seed(seed_for(self.seed, number, index))
        image, mask = tv_tensors.Image(image.permute(2, 0, 1)), tv_tensors.Mask(mask)
        image, mask = self._flip(*self._crop(*self._rescale(image, mask)))
        image = self._colour(image)
        return normalise(image.as_subclass(Tensor), IMAGENET_MEAN, IMAGENET_STD), mask.long()

    def _rescale(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Both by a random factor of the size that fits into the data set's.

        torchvision's ScaleJitter swaps height and width when it fits one size into the other.
        """
        low, high = self._scale
        fit = min(w / h for w, h in zip(self._input_size, mask.shape, strict=True))
        factor = fit * (low + torch.rand(1).item() * (high - low))
        size = [max(1, int(side * factor)) for side in mask.shape]
        return v2.Resize(size, antialias=True)(image, mask)

    def _load(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        items, number = self._places[index]
        image, mask = items.load(number)
        ignored = items.dataset.ignore_index
        # Kept items are to be read only.
        image, mask = image.copy(), mask.copy()
        if ignored is not None:
            mask[mask == ignored] = IGNORED
        return image, mask
