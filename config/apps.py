from django.contrib.admin.apps import AdminConfig


class GovernanceConfig(AdminConfig):
    default_site = "config.admin_site.BelayAdminSite"
