"""Comparisons that were made of another user's image through a share link are gone, with its files.

No new ones can be made; these showed the image after the link was revoked.
"""

from functools import partial

from django.db import migrations, transaction
from django.db.models import F, Q

from segweb.jobs.files import folder_delete


def strangers_delete(apps, schema_editor):
    comparison = apps.get_model("inference", "Comparison")
    left = comparison.objects.exclude(image__owner=None).filter(
        Q(owner=None) | ~Q(owner=F("image__owner"))
    )
    pks = list(left.values_list("pk", flat=True))
    ways = {
        "predictions": ("Prediction", "comparison__in"),
        "ensembles": ("Ensemble", "comparison__in"),
        "insides": ("Inside", "prediction__comparison__in"),
    }
    for folder, (name, way) in ways.items():
        jobs = apps.get_model("inference", name).objects.filter(**{way: pks})
        for pk in jobs.values_list("pk", flat=True):
            # Models of migrations send no signals, by which files follow their rows elsewhere.
            transaction.on_commit(partial(folder_delete, folder=f"{folder}/{pk}"))
    comparison.objects.filter(pk__in=pks).delete()


class Migration(migrations.Migration):
    dependencies = [("inference", "0006_names")]
    operations = [migrations.RunPython(strangers_delete, migrations.RunPython.noop)]
