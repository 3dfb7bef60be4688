"""Words about scores that reach the pages from files, marked for translation."""

from django.utils.translation import gettext_noop as _

SPLITS = (_("train"), _("val"), _("test"))

# What a score's passport says of how it was measured.
PASSPORT = {
    "split": _("Split"),
    "split_hash": _("Hash of the split"),
    "checkpoint_sha256": _("Hash of the weights"),
    "ignore_index": _("Ignore index"),
    "absent_classes": _("Absent classes"),
    "resolution": _("Resolution"),
    "averaging": _("Averaged over"),
    "precision": _("Precision"),
    "training": _("Training"),
}
