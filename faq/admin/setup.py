"""Set-up screens: languages, topics, glossary, people."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from faq.admin.desk import DeskAdmin
from faq.admin.knowledge import KnowledgeViews
from faq.domain import glossary, locales, topics
from faq.errors import DomainError, Invalid
from faq.models import GlossaryTerm, Locale, Topic

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    pass


class LocaleForm(forms.ModelForm):
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
    fields = ["tag", "name", "autonym", "direction", "fallback", "policy", "enabled", "order"]
    actions = ["make_default"]

    def get_urls(self) -> list[URLPattern]:
        return [*self.knowledge_urls(), *super().get_urls()]

    def get_readonly_fields(self, request: HttpRequest, obj: Locale | None = None) -> list[str]:
        return ["tag"] if obj else []

    def save_model(self, request: HttpRequest, obj: Locale, form: forms.ModelForm, change: bool) -> None:
        if not change:
            locales.add_locale(obj, actor=request.user)
        elif changes := _changes(form):
            locales.change_locale(obj.tag, actor=request.user, **changes)

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
    if "fallback" in values:
        fallback = values.pop("fallback")
        values["fallback_id"] = fallback.pk if fallback else None
    return values


@admin.register(Topic)
class TopicAdmin(DeskAdmin):
    list_display = ["title", "key", "description", "order"]
    list_editable = ["order"]
    prepopulated_fields = {"key": ["title"]}

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("faq.delete_topic"))

    def save_model(self, request: HttpRequest, obj: Topic, form: object, change: bool) -> None:
        topics.save_topic(obj, actor=request.user)

    def delete_model(self, request: HttpRequest, obj: Topic) -> None:
        topics.delete_topic(obj, actor=request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Topic]) -> None:
        for topic in queryset:
            topics.delete_topic(topic, actor=request.user)


class GlossaryForm(forms.ModelForm):
    """Says in words what the table's constraint would refuse."""

    def _get_validation_exclusions(self) -> set[str]:
        # What clean() has said in words is not said again in the constraint's.
        found: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return found | {"translation"} if self.errors else found

    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            values = {
                name: value for name, value in fields.items() if name in {f.name for f in GlossaryTerm._meta.fields}
            }
            try:
                glossary.check_term(GlossaryTerm(**values))
            except DomainError as error:
                raise ValidationError(str(error)) from error
        return fields


@admin.register(GlossaryTerm)
class GlossaryTermAdmin(DeskAdmin):
    form = GlossaryForm
    list_display = ["term", "translation", "kind", "source_locale", "target_locale"]
    list_filter = ["kind", "target_locale"]
    list_select_related = ["source_locale", "target_locale"]
    search_fields = ["term", "translation"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("faq.delete_glossaryterm"))

    def save_model(self, request: HttpRequest, obj: GlossaryTerm, form: object, change: bool) -> None:
        glossary.save_term(obj, actor=request.user)

    def delete_model(self, request: HttpRequest, obj: GlossaryTerm) -> None:
        glossary.delete_term(obj, actor=request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[GlossaryTerm]) -> None:
        for term in queryset:
            glossary.delete_term(term, actor=request.user)
