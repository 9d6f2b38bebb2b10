"""The desk's own forms. They check what can be said beside a field; what the domain refuses is added by `reported`."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from faq import conf
from faq.domain.sources.folders import NAME_LENGTH
from faq.enums import RefreshPolicy, SourceKind
from faq.errors import DomainError
from faq.models import Locale, Source, Topic
from faq.queries import locales

logger = logging.getLogger(__name__)

PASTE_LENGTH = 500_000
"""Characters of pasted text: below what a form may carry (2 MiB) in any script. More goes into a file."""
MOST_FILES = 50
"""That are taken at once; more go in by `manage.py ingest`."""
TOO_LONG = gettext_lazy("This text has %(n)d characters; the ceiling is %(ceiling)d. Upload it as a file instead.")


@contextmanager
def reported(form: forms.Form) -> Iterator[None]:
    """A DomainError, or a database that cannot write, becomes an error of the form, which is then shown again with all
    that was typed."""
    try:
        yield
    except DomainError as error:
        form.add_error(None, str(error))
    except OperationalError as error:
        form.add_error(None, unwritten(error))


def unwritten(error: OperationalError) -> str:
    """What to tell an editor when the database could not write: a full disk, or a lock that never came free."""
    logger.exception("The database could not write what an editor saved.")
    return (
        f"The database could not write this ({error}). Nothing of it was saved. Free disk space, or wait a moment, then "
        "try again."
    )


def enabled() -> Any:
    """The languages one can write in."""
    return Locale.objects.filter(enabled=True)


def check_size(upload: UploadedFile) -> None:
    """Raises ValidationError for a file above the ceiling."""
    ceiling = int(conf.get("UPLOAD_MAX_BYTES"))
    if (upload.size or 0) > ceiling:
        raise forms.ValidationError(
            _(
                "%(name)s has %(size).1f MB; the ceiling is %(ceiling).1f MB. Split the file, or ask your operator to raise it."
            )
            % {"name": upload.name, "size": (upload.size or 0) / 1e6, "ceiling": ceiling / 1e6}
        )


class ContentForm(forms.Form):
    """One of three: text, file or address."""

    # No maxlength: the browser would cut off what is pasted without a word. desk.js says before sending what clean_text() says,
    # because the server reads no form of more than 2 MiB, and what was typed would be gone.
    text = forms.CharField(
        label=gettext_lazy("Paste text or Markdown"),
        required=False,
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 10, "dir": "auto", "data-most": PASTE_LENGTH, "data-too-long": TOO_LONG}
        ),
    )
    upload = forms.FileField(
        label=gettext_lazy("Or upload a file"),
        required=False,
        allow_empty_file=True,
        widget=UnfoldAdminFileFieldWidget,
        help_text=gettext_lazy("Markdown, HTML, text, PDF, DOCX; CSV or XLSX with the columns question and answer."),
    )
    url = forms.URLField(
        label=gettext_lazy("Or fetch a web page"),
        required=False,
        max_length=2000,
        assume_scheme="https",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "https://…", "inputmode": "url", "dir": "ltr"}),
        error_messages={"invalid": gettext_lazy("This is no web address. Write it as in https://example.org/page.")},
    )

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if len(text) > PASTE_LENGTH:
            raise forms.ValidationError(TOO_LONG % {"n": len(text), "ceiling": PASTE_LENGTH})
        return text

    def clean_upload(self) -> UploadedFile | None:
        upload: UploadedFile | None = self.cleaned_data["upload"]
        if upload:
            check_size(upload)
        return upload

    def clean(self) -> dict[str, Any]:
        # An empty upload is false as a value, and yet it was given.
        given = [name for name in ("text", "upload", "url") if self.cleaned_data.get(name) not in (None, "")]
        if not self.errors and not given:
            raise forms.ValidationError(_("Nothing is given yet: paste a text, choose a file or write an address."))
        if not self.errors and len(given) > 1:
            raise forms.ValidationError(_("Give only one: a text, a file or an address. Empty the others."))
        if self.errors and self.files and "upload" not in self.errors:
            self.add_error("upload", _("Choose the file again: browsers do not keep it."))
        return self.cleaned_data

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        if field is None and self.files and "upload" not in self.errors:
            super().add_error("upload", _("Choose the file again: browsers do not keep it."))

    def content(self) -> dict[str, Any]:
        """Keyword arguments of the domain functions."""
        upload: UploadedFile | None = self.cleaned_data["upload"]
        if upload is not None:
            return {"data": upload.read(), "filename": upload.name or "", "kind": "file"}
        if self.cleaned_data["url"]:
            return {"url": self.cleaned_data["url"], "kind": "url"}
        return {"text": self.cleaned_data["text"], "kind": "text"}


class TopicForm(forms.Form):
    """On which shelf something stands."""

    topic = forms.ModelChoiceField(
        label=gettext_lazy("Topic"),
        queryset=Topic.objects.all(),
        required=False,
        empty_label=gettext_lazy("No topic"),
        widget=UnfoldAdminSelectWidget,
        error_messages={"invalid_choice": gettext_lazy("There is no such topic any more. Choose another one.")},
    )


class PlacedForm(TopicForm):
    """Language and topic of something new."""

    locale = forms.ModelChoiceField(
        label=gettext_lazy("Language"), queryset=Locale.objects.none(), empty_label=None, widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["locale"].queryset = enabled()  # type: ignore[attr-defined]
        self.initial.setdefault("locale", locales.default_locale().tag)


REFRESHED = (
    (0, gettext_lazy("Only when somebody asks")),
    (1, gettext_lazy("Every hour")),
    (24, gettext_lazy("Every day")),
    (7 * 24, gettext_lazy("Every week")),
    (30 * 24, gettext_lazy("Every 30 days")),
)


class PlaceForm(TopicForm):
    """Title and topic of a source that is here, and of a web page how often it is looked at."""

    title = forms.CharField(
        label=gettext_lazy("Title"), max_length=300, widget=UnfoldAdminTextInputWidget(attrs={"dir": "auto"})
    )
    refresh_hours = forms.TypedChoiceField(
        label=gettext_lazy("Look for changes"),
        coerce=int,
        choices=REFRESHED,
        widget=UnfoldAdminSelectWidget,
    )
    refresh_policy = forms.ChoiceField(
        label=gettext_lazy("What has changed"),
        choices=RefreshPolicy.choices,
        required=False,  # as it is, where a form does not say
        widget=UnfoldAdminSelectWidget,
    )
    field_order = ["title", "topic", "refresh_hours", "refresh_policy"]

    def __init__(self, source: Source, data: Any = None, *, may_publish: bool) -> None:
        names = ("title", "topic_id", "refresh_hours", "refresh_policy")
        kept = {name.removesuffix("_id"): getattr(source, name) for name in names}
        super().__init__(data, initial=kept, auto_id="place_%s")
        if source.kind != SourceKind.URL:
            del self.fields["refresh_hours"], self.fields["refresh_policy"]
            return
        if not may_publish:
            allowed = {RefreshPolicy.WAIT.value, source.refresh_policy}
            choices = [each for each in RefreshPolicy.choices if each[0] in allowed]
            self.fields["refresh_policy"].choices = choices  # type: ignore[attr-defined]
        if source.refresh_hours not in dict(REFRESHED):
            own = (source.refresh_hours, _("Every %(number)s hours") % {"number": source.refresh_hours})
            self.fields["refresh_hours"].choices = [*REFRESHED, own]  # type: ignore[attr-defined]


class ScheduleForm(forms.Form):
    """A day and a time in the portal's time zone, as browsers send them."""

    at = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


class ManyFilesWidget(UnfoldAdminFileFieldWidget):
    """Several files may be chosen, or dropped on it."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Its value is a list of the files that were given."""

    widget = ManyFilesWidget

    def clean(self, data: Any, initial: Any = None) -> Any:
        return [super(ManyFilesField, self).clean(each, initial) for each in data or []]


class AddSourceForm(ContentForm, PlacedForm):
    upload = ManyFilesField(
        label=gettext_lazy("Or upload files"),
        required=False,
        allow_empty_file=True,
        help_text=gettext_lazy(
            "Markdown, HTML, text, PDF, DOCX; CSV or XLSX with the columns question and answer. Several become a source each."
        ),
    )
    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=300,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"dir": "auto"}),
        help_text=gettext_lazy("Left empty, the title comes from the content."),
    )
    publish = forms.BooleanField(
        label=gettext_lazy("Publish at once"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=gettext_lazy("Otherwise it waits as a draft until you have looked at its passages."),
    )
    field_order = ["text", "upload", "url", "title", "locale", "topic", "publish"]

    def __init__(self, *args: Any, may_publish: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_publish:
            del self.fields["publish"]

    several: list[UploadedFile] = []
    """The files, where more than one was given."""

    def clean_upload(self) -> UploadedFile | None:
        files: list[UploadedFile] = self.cleaned_data["upload"]
        if len(files) > MOST_FILES:
            raise forms.ValidationError(_("Too many files at once; at most: %(n)d.") % {"n": MOST_FILES})
        for each in files:
            check_size(each)
        self.several = files if len(files) > 1 else []
        return files[0] if files else None

    def clean_title(self) -> str:
        title: str = self.cleaned_data["title"]
        if title and self.several:
            raise forms.ValidationError(_("Several files have titles of their own: leave this empty."))
        return title

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        known = Source.objects.filter(path=url).first() if url else None
        if known is not None:
            raise forms.ValidationError(
                _("This address is here already, as “%s”. Open that source and look for changes there.") % known.title
            )
        return url


class SitemapForm(PlacedForm):
    """Which pages of a site become sources."""

    url = forms.URLField(
        label=gettext_lazy("Address of the site or of its sitemap"),
        max_length=2000,
        assume_scheme="https",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "https://…", "inputmode": "url", "dir": "ltr"}),
        error_messages={"invalid": gettext_lazy("This is no web address. Write it as in https://example.org/page.")},
        help_text=gettext_lazy("Of a site, the sitemap that its robots.txt names is read, else /sitemap.xml."),
    )
    part = forms.CharField(
        label=gettext_lazy("Only addresses that contain"),
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "/help/", "dir": "ltr"}),
    )
    refresh_hours = forms.TypedChoiceField(
        label=gettext_lazy("Look for changes"),
        coerce=int,
        choices=REFRESHED,
        initial=7 * 24,
        widget=UnfoldAdminSelectWidget,
        help_text=gettext_lazy("What has changed waits as a draft until somebody publishes it."),
    )
    publish = forms.BooleanField(
        label=gettext_lazy("Publish at once"), required=False, widget=UnfoldBooleanSwitchWidget
    )
    field_order = ["url", "part", "locale", "topic", "refresh_hours", "publish"]

    def __init__(self, *args: Any, may_publish: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_publish:
            del self.fields["publish"]


class FolderForm(PlacedForm):
    """Which folder, packed as a ZIP, and what becomes of its files."""

    file = forms.FileField(
        label=gettext_lazy("ZIP of the folder"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".zip,application/zip"}),
    )
    name = forms.CharField(
        label=gettext_lazy("Name of the folder"),
        required=False,
        max_length=NAME_LENGTH,
        widget=UnfoldAdminTextInputWidget(attrs={"dir": "auto"}),
        help_text=gettext_lazy(
            "By it and its place in the folder a file is known again, when you bring the folder in another time. Left empty, it "
            "is the folder's own name."
        ),
    )
    publish = forms.BooleanField(
        label=gettext_lazy("Publish at once"), required=False, widget=UnfoldBooleanSwitchWidget
    )
    field_order = ["file", "name", "locale", "topic", "publish"]

    def __init__(self, *args: Any, may_publish: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_publish:
            del self.fields["publish"]

    def clean_file(self) -> UploadedFile | None:
        upload: UploadedFile | None = self.cleaned_data["file"]
        if upload:
            check_size(upload)
        return upload


class AddQuestionForm(PlacedForm):
    text = forms.CharField(
        label=gettext_lazy("Question"),
        max_length=500,
        widget=UnfoldAdminTextInputWidget(attrs={"dir": "auto", "autofocus": True}),
        help_text=gettext_lazy("As a reader would ask it."),
    )
    phrasings = forms.CharField(
        label=gettext_lazy("Other wordings, one a line"),
        required=False,
        max_length=5000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4, "dir": "auto"}),
        help_text=gettext_lazy("They are not shown; they help readers to find the answer."),
    )

    field_order = ["text", "locale", "topic", "phrasings"]

    def wordings(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["phrasings"].splitlines() if line.strip()]
