from typing import Any

from django.apps import AppConfig, apps
from django.db.models import Exists
from django.db.models.signals import post_migrate

from config.lib.stamps import watch

# Read with every signal or page and seldom changed: processes keep these (`config.lib.stamps`).
WATCHED = (
    "escalations.AutomationPause",
    "escalations.LadderLevel",
    "escalations.MaintenanceWindow",
    "escalations.Policy",
    "escalations.PolicyException",
    "escalations.PolicyVersion",
    "escalations.SavedView",
    "escalations.StartView",
)


def _watch(using: str, **_: Any) -> None:
    watch({apps.get_model(name): () for name in WATCHED}, using)


class EscalationsConfig(AppConfig):
    name = "escalations"
    verbose_name = "Escalations"

    def ready(self) -> None:
        from accounts.backends import RightsBackend  # needs all models

        post_migrate.connect(_watch, sender=self)
        # Every page says whether automation is paused; read with the person, it costs no query.
        lasting = self.get_model("AutomationPause")._default_manager.filter(ended_at=None)
        RightsBackend.beside["is_automation_paused"] = Exists(lasting)
