"""What is said of the data sets that checkpoints come from. Torch-free.

Sentences are English, marked for translation; pages translate them.
"""

from __future__ import annotations

from dataclasses import dataclass

from models_zoo.translation import gettext_noop as _


@dataclass(frozen=True)
class KnownDataset:
    """A data set: what its images show, and which images its networks fit.

    `trained`: the zoo trains networks on it. `provokes`: its images provoke each failure of the
    lineage, which those of other data sets show by chance.
    """

    slug: str
    shows: str
    fits: str
    trained: bool = False
    provokes: bool = False


KNOWN = {
    dataset.slug: dataset
    for dataset in (
        KnownDataset(
            "scenes",
            shows=_("Street and river scenes drawn by SegWeb itself."),
            fits=_("Fits the samples."),
            trained=True,
            provokes=True,
        ),
        KnownDataset(
            "camvid",
            shows=_("Photographs of British streets, taken from a driving car."),
            fits=_("Fits photographs of streets."),
            trained=True,
        ),
        KnownDataset(
            "cocovoc",
            shows=_("Photographs of everyday scenes, labelled with the 20 classes of Pascal VOC."),
            fits=_("Fits photographs of people, animals, vehicles and rooms."),
        ),
    )
}
# What provokes each failure comes first.
TRAINED = tuple(dataset.slug for dataset in KNOWN.values() if dataset.trained)
