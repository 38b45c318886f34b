"""Makes the data folder ready for `serve`, in one start of Python, quick when nothing changed."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


class Command(BaseCommand):
    help = "Migrates, collects static files, syncs reference rows and loads the demo."

    def handle(self, *args, **options) -> None:
        self._migrate()
        self._collect_static()
        if not settings.IS_PRODUCTION:
            self._call("load_demo")  # first: its policies begin in its own past
        self._call("sync_reference")

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write(f"migrating the database: {len(plan)} steps")
            call_command("migrate", interactive=False, verbosity=0)

    def _collect_static(self) -> None:
        stamp = settings.DATA_DIR / "static.stamp"
        seen = _fingerprint_of_static_files()
        if stamp.exists() and stamp.read_text() == seen and settings.STATIC_ROOT.is_dir():
            return
        self.stdout.write("collecting static files")
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        stamp.write_text(seen)

    def _call(self, command: str) -> None:
        if command in get_commands():
            call_command(command, stdout=self.stdout)


def _fingerprint_of_static_files() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            digest.update(f"{path} {storage.size(path)} ".encode())
            digest.update(f"{storage.get_modified_time(path).timestamp()}\n".encode())
    return digest.hexdigest()
