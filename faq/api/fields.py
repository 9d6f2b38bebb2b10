"""Fields of requests that take what the description says and nothing like it.

REST framework reads 0 as False and "no", 7 as "7" and "yes" as True; a program that sends such has a fault, and hears of it.
A form (multipart/form-data) has only strings: there `true`, `false` and digits are what they say.
"""

from typing import Any

from rest_framework import serializers
from rest_framework.utils import html

YES_NO = {"true": True, "false": False}


def _of_form(field: serializers.Field) -> bool:
    return html.is_html_input(getattr(field.root, "initial_data", None))


class Words(serializers.CharField):
    """A string."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class YesNo(serializers.BooleanField):
    """`true` or `false`."""

    def to_internal_value(self, data: Any) -> bool:
        found = data if isinstance(data, bool) else YES_NO.get(str(data).lower()) if _of_form(self) else None
        if found is None:
            self.fail("invalid", input=data)
        return found


class Number(serializers.IntegerField):
    """A whole number."""

    def to_internal_value(self, data: Any) -> int:
        whole = isinstance(data, int | float) and not isinstance(data, bool) and data == int(data)
        if not whole and not _of_form(self):
            self.fail("invalid")
        return super().to_internal_value(int(data) if whole else data)
