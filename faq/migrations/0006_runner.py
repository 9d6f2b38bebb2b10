from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("faq", "0005_housekeeping")]

    operations = [
        migrations.AddField(
            "job",
            "runner",
            models.CharField(
                blank=True, db_default="", default="", help_text="the process that has it", max_length=200
            ),
        ),
        migrations.AddField(
            "job",
            "item",
            models.CharField(blank=True, db_default="", default="", help_text="what that has in hand", max_length=1000),
        ),
    ]
