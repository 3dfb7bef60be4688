"""What people fill in to compare: an image or a sample, and which models."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from experiments.models import Dataset
from inference.forms import ModelsForm, first_looked_at
from inference.images.samples import sample_dataset, sample_images


class TruthForm(forms.Form):
    """The true mask of an image that came without one."""

    mask = forms.FileField(allow_empty_file=True, error_messages={"required": _("Choose a mask.")})
    mask_dataset = forms.ModelChoiceField(Dataset.objects.all(), empty_label=None)


class UploadForm(ModelsForm):
    """An image from the visitor's device, with its true mask if there is one, or a sample.

    Samples go to the models that were trained on such scenes, unless others are chosen.
    """

    file = forms.FileField(required=False, allow_empty_file=True)
    mask = forms.FileField(required=False, allow_empty_file=True)
    mask_dataset = forms.ModelChoiceField(Dataset.objects.all(), required=False, empty_label=None)
    sample = forms.ChoiceField(required=False, choices=())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [sample.name for sample in sample_images()]
        self.fields["sample"].choices = [(name, name) for name in names]

    @property
    def sample_keys(self) -> list[str]:
        """The shipped models that fit the samples; none while none are shipped."""
        slug = sample_dataset()["slug"]
        fitting = [c for c in self.checkpoints if c.shipped and c.dataset.slug == slug]
        return first_looked_at(fitting)

    def clean(self) -> dict[str, Any]:
        """One of the two has to be there."""
        data = super().clean()
        if not self.errors and not data.get("file") and not data.get("sample"):
            raise forms.ValidationError(_("Choose an image, or take a sample."))
        # Whoever changed a tick gets what they ticked.
        if not self.errors and data["sample"] and set(data["models"]) == self.default_keys:
            data["models"] = self.sample_keys or data["models"]
        return data
