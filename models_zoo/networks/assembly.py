"""The forward passes that papers share: unpooling decoders, and heads on a dilated ResNet."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import interpolate

from models_zoo.networks.backbones import ResNet
from models_zoo.networks.blocks import grid_upsample, initialise, pad_to_grid
from models_zoo.networks.unpooling import PlacePool, PlaceUnpool
from models_zoo.translation import gettext_noop as _

UNPOOLING = ("indices", "bilinear")


class UnpoolingNetwork(nn.Module):
    """Encoder and decoder around pooling that remembers where each maximum was (SegNet, DeconvNet).

    N×3×H×W → N×K×H×W logits. A network fills `encoder` and `decoder` with as many stages each,
    `score`, and, where there is something between the two, `middle`. With `unpooling="bilinear"`
    its maps are interpolated instead, as by a decoder that knows no places: with as many weights.
    """

    encoder: nn.ModuleList
    middle: nn.Module
    decoder: nn.ModuleList
    score: nn.Module

    def __init__(self, unpooling: str = "indices") -> None:
        super().__init__()
        if unpooling not in UNPOOLING:
            raise ValueError(_(f"unpooling must be {' or '.join(UNPOOLING)}, not {unpooling!r}."))
        self.unpooling = unpooling
        self.pool, self.unpool = PlacePool(), PlaceUnpool()
        self.middle: nn.Module = nn.Identity()

    def forward(self, image: Tensor) -> Tensor:
        x, places = image, []
        for stage in self.encoder:
            x = stage(x)
            size = x.shape[-2:]
            x, where = self.pool(x)
            places.append((where, size))
        x = self.middle(x)
        for stage, (where, size) in zip(self.decoder, reversed(places), strict=True):
            if self.unpooling == "bilinear":
                x = interpolate(x, tuple(size), mode="bilinear")
            else:
                x = self.unpool(x, where, output_size=size)
            x = stage(x)
        return self.score(x)


class ResNetNetwork(nn.Module):
    """A classifier on ResNet's last features, upsampled (DeepLab v2 and v3, PSPNet).

    N×3×H×W → N×K×H×W logits. `aux_classifier` reads the features one stage earlier. With
    `align_corners` the image is padded to stride·n + 1 pixels, so that cells stay on their pixels.
    """

    auxiliary_weight = 0.4  # PSPNet, section 3.3

    def __init__(
        self,
        backbone: ResNet,
        classifier: nn.Module,
        aux_classifier: nn.Module | None = None,
        *,
        align_corners: bool,
    ) -> None:
        super().__init__()
        self.backbone, self.classifier = backbone, classifier
        self.aux_classifier = aux_classifier
        self.align_corners = align_corners
        initialise(self)

    def forward(self, image: Tensor) -> Tensor:
        return self._upsample(self.classifier(self._features(image)[1]), image)

    def with_auxiliary(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The logits and the auxiliary classifier's, both N×K×H×W, for training.

        ValueError for a network built without `aux=True`.
        """
        if self.aux_classifier is None:
            raise ValueError(_("This network has no auxiliary classifier: build it with aux=True."))
        third, fourth = self._features(image)
        return (
            self._upsample(self.classifier(fourth), image),
            self._upsample(self.aux_classifier(third), image),
        )

    def _features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        stride = self.backbone.output_stride
        return self.backbone(pad_to_grid(image, stride) if self.align_corners else image)

    def _upsample(self, scores: Tensor, image: Tensor) -> Tensor:
        return grid_upsample(
            scores,
            image.shape[-2:],
            self.backbone.output_stride,
            align_corners=self.align_corners,
        )
