from django.db import migrations


def give_gaps(apps, schema_editor):
    """Every question in a gap of its own; the next job compares them."""
    gaps, asked = apps.get_model("faq", "Gap"), apps.get_model("faq", "Asked")
    for pk in asked.objects.filter(gap=None).values_list("pk", flat=True):
        asked.objects.filter(pk=pk).update(gap=gaps.objects.create())


class Migration(migrations.Migration):
    dependencies = [("faq", "0012_content_gaps")]

    operations = [migrations.RunPython(give_gaps, migrations.RunPython.noop)]
