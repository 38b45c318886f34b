"""Everything under /api/v1/ of this app."""

from django.urls import path

from playbooks.api.playbooks import VersionsView, VersionView
from playbooks.api.templates import TemplatePreview, TemplatesView, TemplateView

urlpatterns = [
    path("message-templates/", TemplatesView.as_view(), name="message_templates"),
    path(
        "message-templates/<slug:code>/<str:language>/",
        TemplateView.as_view(),
        name="message_template",
    ),
    path(
        "message-templates/<slug:code>/<str:language>/preview/",
        TemplatePreview.as_view(),
        name="message_template_preview",
    ),
    path("playbooks/<slug:code>/versions/", VersionsView.as_view(), name="playbook_versions"),
    path(
        "playbooks/<slug:code>/versions/<int:number>/",
        VersionView.as_view(),
        name="playbook_version",
    ),
]
