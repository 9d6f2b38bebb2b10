"""URL wiring: the admin, the API, the public site."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("faq.urls")),
]

handler400 = "faq.web.problems.bad_request"
handler403 = "faq.web.problems.forbidden"
handler404 = "faq.web.problems.not_found"
handler500 = "faq.web.problems.server_error"
