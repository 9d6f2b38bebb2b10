"""The words of what is published, for typing errors: derived from the index's entries, and only ever added to."""

from django.db import models


class Word(models.Model):
    """A word as written in published texts of a locale, in lower case. Which of them still count, the index decides."""

    locale = models.CharField(max_length=35)
    text = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["locale", "text"], name="word_once")]
        indexes = [models.Index(fields=["locale", "id"], name="word_since")]

    def __str__(self) -> str:
        return self.text
