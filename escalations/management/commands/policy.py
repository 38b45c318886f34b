"""Policies as documents: manage.py policy export|lint|import."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from accounts.models import User
from config.lib.clock import now
from config.lib.errors import DomainError
from escalations.rules.policy_documents import as_text
from escalations.selectors.policy_pages import version_doc
from escalations.services.policy_documents import Looked, draft_from_text, look_at


class Command(BaseCommand):
    help = "Export a policy version as YAML or JSON, check a document, or store it as a draft."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        export = acts.add_parser("export", help="print a version")
        export.add_argument("code", help="code of the policy")
        export.add_argument("number", type=int, help="number of the version")
        export.add_argument("--json", action="store_true", help="JSON instead of YAML")
        check = acts.add_parser("lint", help="say what is wrong with a document")
        check.add_argument("code", help="code of the policy it is compared with")
        check.add_argument("file", help="the document; - for standard input")
        store = acts.add_parser("import", help="store a document as the next draft")
        store.add_argument("code", help="code of the policy")
        store.add_argument("file", help="the document; - for standard input")
        store.add_argument("--note", required=True, help="why, for the history")
        store.add_argument("--by", required=True, help="username of who imports it")
        store.add_argument("--dry-run", action="store_true", help="look, and store nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['act']}")(options)
        except DomainError as error:
            raise CommandError(error.detail) from None

    def _export(self, options: dict[str, Any]) -> None:
        doc = version_doc(options["code"], options["number"])
        self.stdout.write(as_text(doc, "json" if options["json"] else "yaml"), ending="")

    def _lint(self, options: dict[str, Any]) -> None:
        self._looked(look_at(options["code"], _text(options["file"]), now()))

    def _import(self, options: dict[str, Any]) -> None:
        text = _text(options["file"])
        by = User.objects.filter(username=options["by"], is_active=True).first()
        if by is None or not by.has_perm("escalations.add_policyversion"):
            raise CommandError(f"{options['by']!r} may not write policies.")
        self._looked(look_at(options["code"], text, now()))
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing is stored.")
            return
        version = draft_from_text(options["code"], text, by=by, at=now(), note=options["note"])
        self.stdout.write(f"Stored as draft v{version.number} of {options['code']}.")

    def _looked(self, looked: Looked) -> None:
        """Raises CommandError where it may not be stored."""
        for path, sentence in looked.errors:
            self.stdout.write(f"error: {path or 'document'}: {sentence}")
        for finding in looked.findings:
            word = "error" if finding.is_error else "warning"
            sample = f" For example {finding.sample}." if finding.sample else ""
            self.stdout.write(f"{word}: {finding.sentence}{sample}")
        if looked.is_refused:
            raise CommandError("The document is refused; nothing was stored.")
        if looked.comparison is not None:
            for sentence in looked.comparison.sentences:
                self.stdout.write(f"change: {sentence}")
        self.stdout.write("The document is in order.")


def _text(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} cannot be read: {error}") from None
