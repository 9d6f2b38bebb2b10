"""URL wiring: the admin, the API, the public site."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("faq.urls")),
]

handler404 = "faq.web.views.not_found"
handler500 = "faq.web.views.server_error"
