from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate

from config.lib.stamps import watch

# Read with every signal and seldom changed: processes keep these (`config.lib.stamps`).
WATCHED = ("escalations.MaintenanceWindow", "escalations.Policy", "escalations.PolicyVersion")


def _watch(using: str, **_: Any) -> None:
    watch({apps.get_model(name): () for name in WATCHED}, using)


class EscalationsConfig(AppConfig):
    name = "escalations"
    verbose_name = "Escalations"

    def ready(self) -> None:
        post_migrate.connect(_watch, sender=self)
