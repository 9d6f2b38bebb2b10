"""Shapes of the API's requests."""

from rest_framework import serializers


class AskSerializer(serializers.Serializer):
    question = serializers.CharField(max_length=10_000, trim_whitespace=True)
    locale = serializers.CharField(max_length=35, required=False, allow_blank=True, default="")
