"""Shapes of the API's requests."""

from rest_framework import serializers

from faq.domain.feedback import COMMENT_LENGTH


class AskSerializer(serializers.Serializer):
    question = serializers.CharField(
        max_length=10_000, trim_whitespace=True, help_text="In the reader's words; up to 500 characters."
    )
    locale = serializers.CharField(
        max_length=35, required=False, allow_blank=True, default="", help_text="BCP 47 tag of the reader's language."
    )
    as_typed = serializers.BooleanField(default=False, help_text="Correct no typing errors.")


class FeedbackSerializer(serializers.Serializer):
    helpful = serializers.BooleanField(help_text="Whether the answer helped.")
    comment = serializers.CharField(
        max_length=COMMENT_LENGTH, required=False, allow_blank=True, default="", help_text="What was missing."
    )
    locale = serializers.CharField(max_length=35, required=False, allow_blank=True, default="")
