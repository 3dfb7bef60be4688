"""The smallest network, without and with batch normalisation."""

import time
from typing import Any

from torch import Tensor, nn

from models_zoo.data.base import FileDataset


class Tiny(nn.Module):
    """Two convolutions, no normalisation, no dropout unless asked for. N×3×H×W → N×K×H×W.

    A `pause` of some seconds in each forward pass is work that no machine does faster: for tests
    that must meet a training while it runs. With `circles` an endless loop keeps a processor busy:
    in the second "step", or in the "loader" of a process of its own.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        width: float = 1.0,
        noisy: bool = False,
        aux: bool = False,
        pause: float = 0.0,
        circles: str = "",
    ) -> None:
        super().__init__()
        self.pause, self.circles, self.steps = pause, circles, 0
        if circles == "loader":
            # Its processes are forked from this one.
            FileDataset.load_image = _go_in_circles
        self.features = nn.Conv2d(3, 8, 3, padding=1)
        self.noise = nn.Sequential(nn.BatchNorm2d(8), nn.Dropout(0.2)) if noisy else nn.Identity()
        self.score = nn.Conv2d(8, num_classes, 3, padding=1)
        self.aux_classifier = nn.Conv2d(8, num_classes, 1) if aux else None
        self.auxiliary_weight = 0.4

    def forward(self, image: Tensor) -> Tensor:
        return self.score(self._features(image))

    def with_auxiliary(self, image: Tensor) -> tuple[Tensor, Tensor]:
        features = self._features(image)
        return self.score(features), self.aux_classifier(features)

    def _features(self, image: Tensor) -> Tensor:
        time.sleep(self.pause)
        self.steps += self.training
        if self.circles == "step" and self.steps > 1:
            _go_in_circles()
        return self.noise(self.features(image)).relu()


def _go_in_circles(*_: Any) -> Any:
    while True:
        pass
