"""Addresses of the API, version 1."""

from django.urls import path

from faq.api.views import AskView

urlpatterns = [path("ask", AskView.as_view(), name="api-ask")]
