"""URL wiring: the admin, the API, the public site."""

from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

from faq.admin import login

urlpatterns = [
    path("admin/login/", login.DeskLogin.as_view()),
    path("admin/login/code/", login.code, name="login_code"),
    path("admin/two-factor/", admin.site.admin_view(login.settings), name="two_factor"),
    path("admin/language/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
    path("", include("faq.urls")),
]

handler400 = "portal.problems.bad_request"
handler403 = "portal.problems.forbidden"
handler404 = "portal.problems.not_found"
handler500 = "portal.problems.server_error"
