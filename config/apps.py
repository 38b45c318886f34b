import sys
from pathlib import Path

from django.contrib.admin.apps import AdminConfig, SimpleAdminConfig


class GovernanceConfig(AdminConfig):
    default_site = "config.admin_site.BelayAdminSite"

    def ready(self) -> None:
        """The clock, the sender and the jobs show no page. Without the modules of governance, which
        `config.urls` brings in where an address is asked for, they are back in half the time."""
        if shows_pages(sys.argv):
            super().ready()
        else:
            SimpleAdminConfig.ready(self)


def shows_pages(command: list[str]) -> bool:
    return Path(command[0]).stem != "qcluster" and command[1:2] not in (["clock"], ["sender"])
