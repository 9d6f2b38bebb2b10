"""Many sources at once: the pages of a site, the files of a folder. Looked at first, then brought in by a job."""

from typing import TYPE_CHECKING, Any

from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from faq.admin.desk import allow, may
from faq.admin.forms import FolderForm, SitemapForm, reported
from faq.domain import sources
from faq.errors import Invalid

SHOWN = 50
HELD_SECONDS = 86_400
SALT = "faq.folder"


class BringViews:
    """Views of the sources' admin; mixed into it."""

    if TYPE_CHECKING:
        admin_site: Any
        message_user: Any

        def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse: ...

    def bring_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("sitemap/", view(self.sitemap_view), name="faq_source_sitemap"),
            path("folder/", view(self.folder_view), name="faq_source_folder"),
        ]

    def reading(self, request: HttpRequest, job: object, n: int) -> HttpResponse:
        """To the job that reads them, for whoever may see it."""
        self.message_user(request, _("Sources that are being read: %(n)d.") % {"n": n})
        if may(request, "view_job"):
            return HttpResponseRedirect(reverse("admin:faq_job_change", args=[job]))
        return HttpResponseRedirect(reverse("admin:faq_source_changelist"))

    def sitemap_view(self, request: HttpRequest) -> HttpResponse:
        """The pages of a site: look first, then bring them in."""
        allow(request, "faq.add_source")
        form, looked = SitemapForm(request.POST or None, may_publish=may(request, "publish_source")), None
        if request.method == "POST" and form.is_valid():
            fields = form.cleaned_data
            where = {"url": fields["url"], "locale": fields["locale"].tag, "part": fields["part"]}
            with reported(form):
                if "take" in request.POST:
                    job = sources.ingest_sitemap(
                        **where, topic=fields["topic"], refresh_hours=fields["refresh_hours"],
                        publish=bool(fields.get("publish")), actor=request.user,
                    )  # fmt: skip
                    return self.reading(request, job.pk, len(job.args["urls"]))
                looked = sources.look_at_sitemap(**where, actor=request.user)
        context = {
            "title": _("Add the pages of a site"),
            "form": form,
            "looked": looked,
            "shown": looked.pages[:SHOWN] if looked else (),
            "more": max(0, len(looked.pages) - SHOWN) if looked else 0,
        }
        return self.page(request, "admin/faq/source_sitemap.html", context)

    def folder_view(self, request: HttpRequest) -> HttpResponse:
        """A folder as a ZIP: what is new and what changed, then the job. The archive waits here meanwhile."""
        allow(request, "faq.add_source", "faq.change_source")
        form = FolderForm(request.POST or None, request.FILES or None, may_publish=may(request, "publish_source"))
        looked, token = None, ""
        if request.method == "POST" and form.is_valid():
            fields = form.cleaned_data
            with reported(form):
                kept, own = _held(request, form)
                token = signing.dumps([kept, own, request.user.pk], salt=SALT)
                where = {"kept": kept, "name": fields["name"] or own, "locale": fields["locale"].tag}
                if "take" in request.POST:
                    job = sources.ingest_folder(
                        **where, topic=fields["topic"], publish=bool(fields.get("publish")), actor=request.user
                    )
                    return self.reading(request, job.pk, sources.look_at_folder(**where).brings)
                looked = sources.look_at_folder(**where, actor=request.user)
        context = {
            "title": _("Add a folder of files"),
            "form": form,
            "looked": looked,
            "token": token,
            "lists": _lists(looked) if looked else (),
        }
        return self.page(request, "admin/faq/source_folder.html", context)


def _held(request: HttpRequest, form: FolderForm) -> tuple[str, str]:
    """(name it is kept under, what it is called by itself) of the archive that came, else of the one that was looked at."""
    upload = form.cleaned_data["file"]
    if upload is not None:
        data, name = upload.read(), upload.name or ""
        return sources.keep_folder(data, name), sources.folder_name(data, name)
    try:
        kept, own, person = signing.loads(request.POST.get("token", ""), salt=SALT, max_age=HELD_SECONDS)
    except signing.BadSignature as error:
        raise Invalid("Choose the folder, or a ZIP of it.") from error
    if person != request.user.pk:
        raise Invalid("Choose the folder, or a ZIP of it.")
    return kept, own


def _lists(looked: sources.Folder) -> list[tuple[str, tuple[str, ...], int]]:
    """(what they are, the first of them, how many more)."""
    some = ((_("New"), looked.new), (_("Changed"), looked.changed))
    return [(label, places[:SHOWN], max(0, len(places) - SHOWN)) for label, places in some if places]
