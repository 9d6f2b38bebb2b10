"""The lines of HTML that put the widget of a publishable key on a page, chosen and seen before they are copied.

Nothing is stored: what was chosen stands in the address, so that it can be sent to whoever keeps the page. Every value is one of
those offered, or checked here, and escaped where it goes into HTML.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from django import forms
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.forms.utils import flatatt
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from faq import conf
from faq.models import ApiKey, Topic
from faq.queries import locales

SCRIPT = "widget/polyfaq-widget.js"
ACCENT = "#0f665a"
"""The widget's own, which needs no line."""
COLOUR = re.compile(r"\A#[0-9a-f]{6}\Z", re.IGNORECASE)
DARK, LIGHT = "#000000", "#ffffff"


class EmbedForm(forms.Form):
    """What a page's widget shall be like, within what its key allows."""

    mode = forms.ChoiceField(
        label=gettext_lazy("Form"),
        choices=[
            ("button", gettext_lazy("A button that opens a panel")),
            ("inline", gettext_lazy("A panel in the page")),
            ("search", gettext_lazy("Search in the page, without questions of the reader's own")),
        ],
        initial="button",
        widget=UnfoldAdminSelectWidget,
    )
    locale = forms.ChoiceField(
        label=gettext_lazy("Language"),
        initial="auto",
        widget=UnfoldAdminSelectWidget,
        help_text=gettext_lazy("As the page around it says by its lang, unless you choose one."),
    )
    topic = forms.ChoiceField(label=gettext_lazy("Topic"), required=False, widget=UnfoldAdminSelectWidget)
    theme = forms.ChoiceField(
        label=gettext_lazy("Light or dark"),
        required=False,
        choices=[
            ("", gettext_lazy("As the reader's system")),
            ("light", gettext_lazy("Light")),
            ("dark", gettext_lazy("Dark")),
        ],
        widget=UnfoldAdminSelectWidget,
    )
    accent = forms.RegexField(
        COLOUR,
        label=gettext_lazy("Colour"),
        required=False,
        initial=ACCENT,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "color", "class": "pf-colour"}),
        error_messages={"invalid": gettext_lazy("Write the colour as # and six digits, such as #0f665a.")},
    )
    contact = forms.CharField(
        label=gettext_lazy("Contact"),
        required=False,
        max_length=300,
        widget=UnfoldAdminTextInputWidget(attrs={"dir": "ltr", "placeholder": "https://shop.example.org/contact"}),
        help_text=gettext_lazy("A page or an e-mail address, for readers who find no answer."),
    )
    pinned = forms.BooleanField(
        label=gettext_lazy("Only this version of the script"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=gettext_lazy(
            "Browsers then run no other file than that of today. After an upgrade of this portal the page needs new lines."
        ),
    )

    def __init__(self, key: ApiKey, data: Mapping[str, Any]) -> None:
        super().__init__(data, auto_id="embed_%s")
        names = {
            each.tag: each.name for each in locales.enabled_locales() if not key.locales or each.tag in key.locales
        }
        topics = Topic.objects.filter(key__in=key.topics) if key.topics else Topic.objects.all()
        self.fields["locale"].choices = [("auto", _("As the page")), *names.items()]  # type: ignore[attr-defined]
        self.fields["topic"].choices = [  # type: ignore[attr-defined]
            ("", _("All topics")),
            *((topic.key, str(topic)) for topic in topics),
        ]

    def clean_contact(self) -> str:
        given = str(self.cleaned_data["contact"]).strip()
        if not given:
            return ""
        try:
            if "@" in given and "/" not in given:
                address = given.removeprefix("mailto:")
                validate_email(address)
                return f"mailto:{address}"
            URLValidator(schemes=["https", "http"])(given)
        except ValidationError:
            raise ValidationError(
                _("Write the whole address of a page, such as https://shop.example.org/contact, or an e-mail address.")
            ) from None
        return given


def chosen(key: ApiKey, query: Mapping[str, str]) -> EmbedForm:
    """The form, filled from an address; what that leaves out is as at first."""
    first = {"mode": "button", "locale": "auto", "accent": ACCENT}
    return EmbedForm(key, {**first, **query})


def element(key: ApiKey, form: EmbedForm) -> SafeString:
    """The widget's element. The form must be valid."""
    values = form.cleaned_data
    wanted = {
        "key": key.public,
        "mode": values["mode"] if values["mode"] != "button" else "",
        "locale": values["locale"] if values["locale"] != "auto" else "",
        "topic": values["topic"],
        "theme": values["theme"],
        "contact": values["contact"],
        "style": _style(values["accent"]),
    }
    attributes = format_html_join("", ' {}="{}"', ((name, value) for name, value in wanted.items() if value))
    return format_html("<polyfaq-widget{}></polyfaq-widget>", attributes)


def lines(key: ApiKey, form: EmbedForm) -> str:
    """All that the page needs, a line each: the element, the script, and a link for readers without scripts."""
    site = f"{str(conf.get('SITE_URL')).rstrip('/')}/"
    locale = form.cleaned_data["locale"]
    home = reverse("home", args=[locale]) if locale != "auto" else reverse("root")
    with translation.override(locale if locale != "auto" else locales.default_locale().tag):
        said = _("Questions and answers")
    loaded: dict[str, Any] = {"async": True}
    if form.cleaned_data["pinned"]:
        loaded |= {"src": urljoin(site, static(SCRIPT)), "integrity": integrity(), "crossorigin": "anonymous"}
    else:
        loaded |= {"src": urljoin(site, f"{settings.STATIC_URL}{SCRIPT}")}
    return "\n".join(
        [
            element(key, form),
            format_html("<script{}></script>", flatatt(loaded)),
            format_html('<noscript><a href="{}">{}</a></noscript>', urljoin(site, home), said),
        ]
    )


def integrity() -> str:
    """The script's hash as pages name it (https://www.w3.org/TR/SRI/)."""
    path = finders.find(SCRIPT)
    assert isinstance(path, str)
    return f"sha384-{base64.b64encode(hashlib.sha384(Path(path).read_bytes()).digest()).decode()}"


def _style(accent: str) -> str:
    if not accent or accent.lower() == ACCENT:
        return ""
    return f"--polyfaq-accent: {accent.lower()}; --polyfaq-on-accent: {readable_on(accent)}"


def readable_on(colour: str) -> str:
    """Black or white, whichever contrasts more with `#rrggbb` (WCAG 2.2, relative luminance)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return LIGHT if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 else DARK
