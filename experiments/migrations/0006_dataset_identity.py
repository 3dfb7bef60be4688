"""Data sets are known by their content; runs that an equal slug gave another's classes get their own."""

from django.db import migrations, models


def names(classes):
    return [entry["name"] for entry in classes]


def give_back(apps, schema_editor):
    """The classes that a checkpoint's sidecar tells, to the checkpoint and the runs like its own.

    Rows keep their keys and slugs; only what was counted under another's class list moves.
    """
    Checkpoint, Confusion, Dataset, Run = (
        apps.get_model("experiments", name)
        for name in ("Checkpoint", "Confusion", "Dataset", "Run")
    )
    own = Checkpoint.objects.filter(shipped=False).exclude(run=None)
    for checkpoint in own.select_related("dataset", "run").order_by("pk"):
        classes, wrong = checkpoint.sidecar.get("classes"), checkpoint.dataset
        if not classes or names(classes) == names(wrong.classes):
            continue
        told = checkpoint.sidecar.get("dataset", {})
        slugs = [wrong.slug, *(f"{wrong.slug[:47]}_{number}" for number in range(2, 1000))]
        rows = {row.slug: row for row in Dataset.objects.filter(slug__in=slugs)}
        right = next((row for row in rows.values() if names(row.classes) == names(classes)), None)
        if right is None:
            slug = next(slug for slug in slugs if slug not in rows)
            right = Dataset.objects.create(
                slug=slug,
                title=f"{str(told.get('title') or wrong.title)[:190]} ({slug.rpartition('_')[2]})",
                classes=classes,
                ignore_index=checkpoint.sidecar.get("ignore_index"),
                licence=str(told.get("licence", ""))[:200],
                source=str(told.get("source", ""))[:500],
            )
        Checkpoint.objects.filter(pk=checkpoint.pk).update(dataset=right)
        moved = [checkpoint.run.pk]
        if len(classes) != len(wrong.classes):
            # Those without a checkpoint say by their counts how many classes they had.
            of_size = Confusion.objects.filter(num_classes=len(classes))
            alike = Run.objects.filter(data=checkpoint.run.data, dataset=wrong, kind="trained")
            moved += alike.filter(epoch_rows__confusion__in=of_size).values_list("pk", flat=True)
        Run.objects.filter(pk__in=moved).update(dataset=right)


class Migration(migrations.Migration):
    dependencies = [("experiments", "0005_attempt_fallback")]

    operations = [
        migrations.AddField(
            model_name="dataset",
            name="identity",
            field=models.CharField(
                blank=True, editable=False, max_length=64, null=True, unique=True
            ),
        ),
        migrations.RunPython(give_back, migrations.RunPython.noop, elidable=True),
    ]
