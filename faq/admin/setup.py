"""Set-up screens: languages, topics, people."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from faq import signals
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


@admin.register(Locale)
class LocaleAdmin(ModelAdmin):
    list_display = ["autonym", "tag", "name", "direction", "policy", "enabled", "is_default"]
    list_filter = ["enabled", "policy"]
    fields = ["tag", "name", "autonym", "direction", "fallback", "policy", "enabled", "order"]

    def get_readonly_fields(self, request: HttpRequest, obj: Locale | None = None) -> list[str]:
        return ["tag"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Locale | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Locale, form: object, change: bool) -> None:
        super().save_model(request, obj, form, change)
        signals.locale_changed.send(sender=Locale, tag=obj.tag)


@admin.register(Topic)
class TopicAdmin(ModelAdmin):
    list_display = ["title", "key", "description", "order"]
    list_editable = ["order"]
    prepopulated_fields = {"key": ["title"]}


@admin.register(GlossaryTerm)
class GlossaryTermAdmin(ModelAdmin):
    list_display = ["term", "translation", "kind", "source_locale", "target_locale"]
    list_filter = ["kind", "target_locale"]
    search_fields = ["term", "translation"]
