"""Everything under /api/."""

from django.urls import URLPattern, URLResolver, include, path

from config.api_docs import DocsView, SchemaView

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(url_name="schema"), name="docs"),
    path("v1/", include("accounts.api.urls")),
    path("v1/", include("escalations.api.urls")),
    path("v1/", include("playbooks.api.urls")),
]
