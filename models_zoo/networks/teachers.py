"""Networks that only teach others (see `training.distillation`): catalogue lines without torch."""

from __future__ import annotations

from models_zoo.catalogue import Architecture

TEACHERS = (
    Architecture(
        key="fpn_vgg16",
        title="Feature pyramid, VGG-16",
        paper="Kirillov, Girshick, He, Dollár: Panoptic Feature Pyramid Networks",
        year=2019,
        idea="A pretrained trunk's features of four scales are summed: a teacher, not a step of "
        "the lineage.",
        path="models_zoo.networks.fpn:FPN",
        slim_width=1 / 4,
    ),
)
