"""Addresses of the API, version 1."""

from django.urls import path, re_path

from faq.api.views import AskView, NoSuchAddressView

urlpatterns = [path("ask", AskView.as_view(), name="api-ask"), re_path("", NoSuchAddressView.as_view())]
