"""Set-up screens: languages, topics, people."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from faq.admin.conflicts import SeenForm
from faq.admin.desk import DeskAdmin
from faq.admin.knowledge import KnowledgeViews
from faq.domain import locales, people, topics, two_factor
from faq.errors import DomainError, Invalid
from faq.models import Locale, Topic
from faq.queries.locales import all_locales

admin.site.unregister(User)
admin.site.unregister(Group)
for device in (TOTPDevice, StaticDevice):
    admin.site.unregister(device)  # the library's screens show secrets


class PersonForm(UserChangeForm):
    """A person's account, with the languages that the person translates into."""

    translates_into = forms.MultipleChoiceField(
        label=gettext_lazy("Translates into"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy(
            "Translations into other languages can be read and not changed. None marked: every language, as the groups allow."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "translates_into" in self.fields:  # whoever may only look has no fields
            field = cast("forms.MultipleChoiceField", self.fields["translates_into"])
            field.choices = [(locale.tag, f"{locale.autonym} ({locale.tag})") for locale in all_locales()]
            field.initial = [row.locale_id for row in self.instance.assigned_locales.all()]


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = PersonForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    filter_horizontal = []  # two lists side by side are wider than the page
    list_display = ["username", "email", "first_name", "last_name", "is_staff", "has_two_factor"]
    actions = ["turn_off_two_factor"]

    def get_queryset(self, request: HttpRequest) -> Any:
        devices = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
        return super().get_queryset(request).annotate(two_factor=Exists(devices))

    @display(description=gettext_lazy("two-factor login"), boolean=True, ordering="two_factor")
    def has_two_factor(self, person: User) -> bool:
        return bool(person.two_factor)  # type: ignore[attr-defined]

    @admin.action(description=gettext_lazy("Turn off two-factor login"), permissions=["change"])
    def turn_off_two_factor(self, request: HttpRequest, rows: Any) -> None:
        for person in rows:
            try:
                two_factor.turn_off(person, request.POST.get("token", ""), actor=request.user)
            except DomainError as error:
                self.message_user(request, f"{person}: {error}", level="ERROR")
            else:
                said = _("%(person)s logs in with the password alone now.") % {"person": person}
                self.message_user(request, said, level="SUCCESS")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        sets = list(super().get_fieldsets(request, obj))
        languages = (gettext_lazy("Languages"), {"fields": ["translates_into"]})
        return [*sets[:-1], languages, sets[-1]] if obj and self.has_change_permission(request, obj) else sets

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if "translates_into" in form.cleaned_data:
            people.assign_locales(form.instance, form.cleaned_data["translates_into"], actor=request.user)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    pass


class LocaleForm(SeenForm):
    """Says beside the form what locales.change_locale() would refuse."""

    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or self.cleaned_data
        if self.instance.tag and not self.errors:
            try:
                locales.check_change(Locale.objects.get(pk=self.instance.pk), _changes(self))
            except Locale.DoesNotExist:
                pass
            except Invalid as error:
                raise ValidationError(str(error)) from error
        return fields

    def clean_tag(self) -> str:
        tag = str(self.cleaned_data["tag"]).strip().replace("_", "-").lower()
        if not locales.is_tag(tag):
            raise ValidationError(_("This is no language tag. Write it as in de, pt-br or zh-hans."))
        return tag


@admin.register(Locale)
class LocaleAdmin(KnowledgeViews, DeskAdmin):
    form = LocaleForm
    list_display = ["autonym", "tag", "name", "direction", "policy", "enabled", "is_default", "order"]
    list_filter = ["enabled", "policy"]
    fields = ["tag", "name", "autonym", "direction", "fallback", "policy", "enabled", "order", "seen"]
    actions = ["make_default"]

    def get_urls(self) -> list[URLPattern]:
        return [*self.knowledge_urls(), *super().get_urls()]

    def get_readonly_fields(self, request: HttpRequest, obj: Locale | None = None) -> list[str]:
        return ["tag"] if obj else []

    def save_model(self, request: HttpRequest, obj: Locale, form: LocaleForm, change: bool) -> None:
        if not change:
            locales.add_locale(obj, actor=request.user)
        elif changes := _changes(form):
            locales.change_locale(obj.tag, actor=request.user, expected=form.expected, **changes)

    @admin.action(description=gettext_lazy("Make the default language"), permissions=["change"])
    def make_default(self, request: HttpRequest, rows: QuerySet[Locale]) -> None:
        if len(rows) != 1:
            self.message_user(request, _("Choose one language: there is one default."), level="ERROR")
            return
        locale = locales.make_default(rows[0].tag, actor=request.user)
        self.message_user(request, _("%s is what readers get whose own language is not here.") % locale)


def _changes(form: forms.ModelForm) -> dict[str, Any]:
    """Changed fields as the domain takes them."""
    values = {name: form.cleaned_data[name] for name in form.changed_data if name in form.cleaned_data}
    values.pop("seen", None)
    if "fallback" in values:
        fallback = values.pop("fallback")
        values["fallback_id"] = fallback.pk if fallback else None
    return values


@admin.register(Topic)
class TopicAdmin(DeskAdmin):
    form = SeenForm
    list_display = ["title", "key", "description", "order"]
    list_editable = ["order"]
    prepopulated_fields = {"key": ["title"]}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "order":  # in the list, where a field has no label of its own
            field.widget.attrs["aria-label"] = field.label
        return field

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("faq.delete_topic"))

    def save_model(self, request: HttpRequest, obj: Topic, form: Any, change: bool) -> None:
        # In the list, where only the order is given, there is nothing to compare.
        topics.save_topic(obj, actor=request.user, expected=getattr(form, "expected", None))

    def delete_model(self, request: HttpRequest, obj: Topic) -> None:
        topics.delete_topic(obj, actor=request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Topic]) -> None:
        for topic in queryset:
            topics.delete_topic(topic, actor=request.user)
