"""The feature pyramid, which teaches the slim networks and is no step of the lineage."""

from models_zoo.networks.paper import Architecture, Paper, Recipe

AFTER = "deeplab_v3"

ARCHITECTURES = (
    Architecture(
        key="fpn_vgg16",
        title="Feature pyramid, VGG-16",
        paper=Paper("Kirillov, Girshick, He, Dollár: Panoptic Feature Pyramid Networks", 2019),
        idea=(
            "A pretrained trunk's features of four scales are summed: a teacher, not a step of the "
            "lineage."
        ),
        path=f"{__name__}.network:FPN",
        slim_width=1 / 4,
        backbone=True,
        recipe=Recipe(
            camvid={
                "variant": "full",
                "pretrained": True,
                "epochs": 6,
                "passes": 4,
                "crop": (352, 480),
                "lr": 3e-4,
                "workers": 5,
            }
        ),
        teaches=True,
    ),
)
