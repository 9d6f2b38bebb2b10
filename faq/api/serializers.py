"""Shapes of the API's requests."""

from rest_framework import serializers

from faq.api.fields import Words, YesNo
from faq.domain.feedback import COMMENT_LENGTH


class AskSerializer(serializers.Serializer):
    question = Words(max_length=10_000, trim_whitespace=True, help_text="In the reader's words; up to 500 characters.")
    locale = Words(
        max_length=35, required=False, allow_blank=True, default="", help_text="BCP 47 tag of the reader's language."
    )
    as_typed = YesNo(default=False, help_text="Correct no typing errors.")


class FeedbackSerializer(serializers.Serializer):
    helpful = YesNo(help_text="Whether the answer helped.")
    comment = Words(
        max_length=COMMENT_LENGTH, required=False, allow_blank=True, default="", help_text="What was missing."
    )
    locale = Words(max_length=35, required=False, allow_blank=True, default="")
