"""Words that reach the pages from files and not from templates, marked for translation.

Class names, the catalogue's ideas, a score's passport. A test keeps the lists complete.
"""

from django.utils.translation import gettext_noop as _

CLASSES = (
    _("bicycle"),
    _("bicyclist"),
    _("boat"),
    _("building"),
    _("bus"),
    _("car"),
    _("fence"),
    _("pavement"),
    _("pedestrian"),
    _("person"),
    _("pole"),
    _("road"),
    _("sign"),
    _("sky"),
    _("skyscraper"),
    _("terrain"),
    _("tree"),
    _("water"),
)

IDEAS = (
    _("Classifier layers become convolutions; skips from pool4 and pool3 are added."),
    _("The decoder unpools to where each maximum was, which is light and keeps boundaries."),
    _("A symmetric decoder sees the encoder's features again through concatenated skips."),
)

DATASETS = {
    "camvid": _("Photographs of British streets, taken from a driving car."),
    "scenes": _("Street and river scenes drawn by SegWeb itself."),
}

SPLITS = (_("train"), _("val"), _("test"))

PASSPORT = {
    "split": _("Split"),
    "split_hash": _("Hash of the split"),
    "checkpoint_sha256": _("Hash of the weights"),
    "ignore_index": _("Ignore index"),
    "absent_classes": _("Absent classes"),
    "resolution": _("Resolution"),
    "averaging": _("Averaged over"),
    "precision": _("Precision"),
}
