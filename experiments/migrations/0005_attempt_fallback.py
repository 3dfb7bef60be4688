"""Where an attempt went on when its newest states were damaged."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("experiments", "0004_epoch_further")]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="fallback",
            field=models.JSONField(blank=True, null=True),
        ),
    ]
