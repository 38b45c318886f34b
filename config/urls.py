"""The front of the house: which address is answered by whom."""

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import TemplateView

from accounts.views.roles import WhoMayDoWhat
from config.admin_site import site
from config.health import healthz, readyz
from config.metrics import metrics

admin.autodiscover()  # done already, but where a process shows no pages of its own (config.apps)

handler403 = "config.error_pages.forbidden"
handler404 = "config.error_pages.not_found"
handler500 = "config.error_pages.broken"

urlpatterns: list[URLPattern | URLResolver] = [
    path("favicon.ico", lambda request: redirect(static("belay/favicon.svg"))),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("api/", include("config.api_router")),
    path("accounts/", include("accounts.urls")),
    path("help/", login_required(TemplateView.as_view(template_name="help.html")), name="help"),
    path("help/roles/", WhoMayDoWhat.as_view(), name="roles"),
    path("admin/", site.urls),
    path("", include("escalations.urls")),
]
