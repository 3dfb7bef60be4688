"""What people fill in for a batch: many files, and which models."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from experiments.models import Dataset
from inference.forms import ModelsForm


class ManyFilesInput(forms.ClearableFileInput):
    """A file field that takes several."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several files; their cleaned value is a list."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Each for itself."""
        # None lets the field itself say that a file is missing.
        return [super(ManyFilesField, self).clean(file, initial) for file in data or [None]]


class BatchForm(ModelsForm):
    """Images or one zip, and how to go about them."""

    files = ManyFilesField(
        allow_empty_file=True, error_messages={"required": _("Choose images, or a zip of them.")}
    )
    name = forms.CharField(required=False, max_length=100)
    mask_dataset = forms.ModelChoiceField(
        Dataset.objects.all(), required=False, empty_label=_("no masks in the zip")
    )

    @property
    def mask_dataset_shown(self) -> Any:
        """The choice sent; before that the models' data set, whose ids true masks mostly have."""
        if self.is_bound:
            return self.data.get("mask_dataset")
        return next((group.dataset.pk for group in self.model_groups if group.chosen), None)
