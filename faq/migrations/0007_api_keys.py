import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('faq', '0006_runner'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('widget', 'publishable, for pages'), ('server', 'secret, for programs')], max_length=10, verbose_name='kind')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('hint', models.CharField(editable=False, max_length=16, verbose_name='begins with')),
                ('public', models.CharField(blank=True, editable=False, max_length=80, verbose_name='key')),
                ('origins', models.JSONField(blank=True, default=list, verbose_name='origins')),
                ('locales', models.JSONField(blank=True, default=list, verbose_name='languages')),
                ('topics', models.JSONField(blank=True, default=list, verbose_name='topics')),
                ('scopes', models.JSONField(blank=True, default=list, verbose_name='scopes')),
                ('per_minute', models.PositiveIntegerField(default=600, verbose_name='requests a minute')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='valid until')),
                ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='revoked')),
                ('used_on', models.DateField(blank=True, editable=False, null=True, verbose_name='last used')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
            ],
            options={
                'verbose_name': 'API key',
                'verbose_name_plural': 'API keys',
                'ordering': ['-created_at', '-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('kind', 'server'), ('public', '')), models.Q(('kind', 'widget'), models.Q(('public', ''), _negated=True)), _connector='OR'), name='api_key_kind'), models.CheckConstraint(condition=models.Q(('per_minute__gt', 0)), name='api_key_rate')],
            },
        ),
    ]
