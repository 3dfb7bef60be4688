"""Access tokens by their digests, also those that REST framework's own table held as they are."""

import hashlib
from datetime import UTC

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone
from django.utils.dateparse import parse_datetime

FORMER = "authtoken_token"




def tokens_digest(apps, schema_editor):
    """Tokens of before go on working: their digests take their place, and they are gone."""
    connection = schema_editor.connection
    if FORMER not in connection.introspection.table_names():
        return
    token = apps.get_model("segweb", "AccessToken")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT key, user_id, created FROM {FORMER}")
        for key, user, created in cursor.fetchall():
            if isinstance(created, str):  # SQLite keeps times as text
                created = parse_datetime(created)
            if timezone.is_naive(created):
                created = created.replace(tzinfo=UTC)
            digest = hashlib.sha256(key.encode()).hexdigest()
            token.objects.create(user_id=user, name="API", digest=digest, created_at=created)
        cursor.execute(f"DELETE FROM {FORMER}")


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AccessToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('used_on', models.DateField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='access_tokens', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-created_at'],
            },
        ),
        migrations.RunPython(tokens_digest, migrations.RunPython.noop),
    ]
