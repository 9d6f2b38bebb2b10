"""Two people, one form: whoever saves second sees what the first one wrote beside what they typed, and loses nothing.

Saving again then puts their own in its place.
"""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from faq.domain import versions
from faq.models import AuditEntry


def last_hand(target: Model) -> str:
    """Who changed something last, and when, in words; "" when the audit log does not know."""
    rows = AuditEntry.objects.filter(object_type=target._meta.model_name, object_id=str(target.pk))
    entry = rows.select_related("actor").first()
    if entry is None:
        return ""
    who = str(entry.actor) if entry.actor else _("Polyfaq itself")
    return _("%(who)s, %(when)s") % {"who": who, "when": date_format(timezone.localtime(entry.at), "j M Y, H:i")}


def beside(form: forms.BaseForm, stored: Mapping[str, Any]) -> None:
    """An error at each field of a form whose value differs from the stored one, with that one."""
    for name, theirs in stored.items():
        field = form.fields.get(name)
        if field is None or name not in form.cleaned_data or form.cleaned_data[name] == theirs:
            continue
        said = _said(field, theirs)
        form.add_error(name, _("Somebody else made it: %(value)s") % {"value": f"“{said}”" if said else "–"})


def _said(field: forms.Field, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    choices = dict(getattr(field, "choices", None) or {}) if not isinstance(value, Model) else {}
    return str(choices.get(value, value))


class SeenForm(forms.ModelForm):
    """A form that knows what its row said when it was opened (faq.domain.versions)."""

    seen = forms.CharField(required=False, max_length=versions.LENGTH, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and self.instance._state.adding is False:
            self.initial["seen"] = versions.of(self.instance)

    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or self.cleaned_data
        if self.instance._state.adding or not fields.get("seen"):
            return fields
        stored = type(self.instance)._default_manager.filter(pk=self.instance.pk).first()
        if stored is None:
            raise ValidationError(_("Somebody else deleted this meanwhile."))
        if versions.of(stored) == fields["seen"]:
            return fields
        names = [name for name in self.fields if name != "seen"]
        # What the form's own instance holds is overwritten before this is called.
        beside(self, {name: getattr(stored, name) for name in names if hasattr(stored, name)})
        self.data = self.data.copy()  # type: ignore[attr-defined]
        self.data[self.add_prefix("seen")] = versions.of(stored)  # type: ignore[index]
        hand = last_hand(stored)
        raise ValidationError(
            _("Somebody else saved this meanwhile (%(hand)s). Compare the two, then save again.") % {"hand": hand}
            if hand
            else _("Somebody else saved this meanwhile. Compare the two, then save again.")
        )

    @property
    def expected(self) -> str | None:
        """What the domain function is to find; None for what is new."""
        return str(self.cleaned_data.get("seen", "")) or None
