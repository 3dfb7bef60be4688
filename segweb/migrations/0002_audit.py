"""The audit trail."""

import django.utils.timezone
from django.db import migrations, models

WHAT = [
    ("signed in", "signed in"),
    ("refused", "failed to sign in"),
    ("password", "changed the password"),
    ("token made", "made a token"),
    ("token revoked", "revoked a token"),
    ("launched", "launched"),
    ("published", "published"),
    ("withdrawn", "withdrew"),
    ("deleted", "deleted"),
]


class Migration(migrations.Migration):
    dependencies = [("segweb", "0001_access_tokens")]
    operations = [
        migrations.CreateModel(
            name="Act",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ("what", models.CharField(choices=WHAT, max_length=20)),
                ("account", models.CharField(blank=True, max_length=150)),
                ("account_number", models.BigIntegerField(blank=True, null=True)),
                ("subject", models.CharField(blank=True, max_length=300)),
                ("address", models.CharField(blank=True, max_length=45)),
            ],
            options={
                "verbose_name": "act",
                "verbose_name_plural": "audit trail",
                "ordering": ["-id"],
            },
        ),
    ]
