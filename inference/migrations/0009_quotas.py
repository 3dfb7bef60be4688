"""Images and files of batches know how many bytes they take; those that are there are measured."""

from django.core.files.storage import default_storage
from django.db import migrations, models


def images_measure(apps, schema_editor):
    image = apps.get_model("inference", "Image")
    for row in image.objects.only("file", "mask").iterator():
        names = [name for name in (row.file.name, row.mask.name) if name]
        size = sum(default_storage.size(name) for name in names if default_storage.exists(name))
        image.objects.filter(pk=row.pk).update(bytes=size)


class Migration(migrations.Migration):
    dependencies = [("inference", "0008_runtime")]
    operations = [
        migrations.AddField("batchitem", "bytes", models.PositiveBigIntegerField(default=0)),
        migrations.AddField("image", "bytes", models.PositiveBigIntegerField(default=0)),
        migrations.RunPython(images_measure, migrations.RunPython.noop),
    ]
