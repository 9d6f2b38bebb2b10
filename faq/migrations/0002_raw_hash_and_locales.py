"""The fingerprint that makes a second ingest cheap, and the nine locales the product ships with."""

from django.db import migrations, models

# tag, English name, autonym, direction, fallback
LOCALES = [
    ("en", "English", "English", "ltr", None),
    ("de", "German", "Deutsch", "ltr", "en"),
    ("fr", "French", "Français", "ltr", "en"),
    ("es", "Spanish", "Español", "ltr", "en"),
    ("pl", "Polish", "Polski", "ltr", "en"),
    ("uk", "Ukrainian", "Українська", "ltr", "en"),
    ("tr", "Turkish", "Türkçe", "ltr", "en"),
    ("ar", "Arabic", "العربية", "rtl", "en"),
    ("zh-hans", "Chinese (simplified)", "简体中文", "ltr", "en"),
]


def add_locales(apps, schema_editor):
    Locale = apps.get_model("faq", "Locale")
    if Locale.objects.exists():
        return
    for order, (tag, name, autonym, direction, fallback) in enumerate(LOCALES):
        Locale.objects.create(
            tag=tag, name=name, autonym=autonym, direction=direction, fallback_id=fallback, order=order,
            is_default=tag == "en",
        )


class Migration(migrations.Migration):
    dependencies = [("faq", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="source",
            name="raw_hash",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        migrations.RunPython(add_locales, migrations.RunPython.noop),
    ]
