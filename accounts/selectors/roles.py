"""Who may do what, in words, printed from the one table (accounts.roles). One query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.apps import apps
from django.contrib.auth.models import Permission

from accounts.roles import ROLES

PLAIN = ("view", "add", "change", "delete")


@dataclass(frozen=True, slots=True)
class Right:
    """A decision right: what it allows, and the labels of the roles that have it."""

    code: str
    sentence: str
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoleCard:
    """`sees` and `changes` are names of things, in the plural, in the alphabet's order."""

    code: str
    label: str
    sentence: str
    is_staff: bool
    is_mine: bool
    decides: tuple[str, ...]
    sees: tuple[str, ...]
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RolesPage:
    roles: tuple[RoleCard, ...]
    rights: tuple[Right, ...]


def roles_page(mine: Iterable[str] = ()) -> RolesPage:
    """`mine` are the codes of the reader's own roles."""
    sentences = {
        f"{app}.{code}": name
        for app, code, name in Permission.objects.values_list(
            "content_type__app_label", "codename", "name"
        )
    }
    held = {code: role.names(sentences) for code, role in ROLES.items()}
    decisions = [
        name for name in sorted(set().union(*held.values())) if _plain_action(name) is None
    ]
    return RolesPage(
        roles=tuple(
            RoleCard(
                code=code,
                label=role.label,
                sentence=role.sentence,
                is_staff=role.is_staff,
                is_mine=code in set(mine),
                decides=tuple(sentences[name] for name in decisions if name in held[code]),
                sees=_things(held[code], ("view",)),
                changes=_things(held[code], ("add", "change", "delete")),
            )
            for code, role in ROLES.items()
        ),
        rights=tuple(
            Right(
                name,
                sentences[name],
                tuple(ROLES[code].label for code in ROLES if name in held[code]),
            )
            for name in decisions
        ),
    )


def _plain_action(name: str) -> str | None:
    """ "accounts.view_account" -> "view"; None for a right of its own, such as view_revenue."""
    app, _, codename = name.partition(".")
    action, _, model = codename.partition("_")
    is_plain = action in PLAIN and model in apps.all_models.get(app, {})
    return action if is_plain else None


def _things(names: Iterable[str], actions: tuple[str, ...]) -> tuple[str, ...]:
    found = set()
    for name in names:
        if _plain_action(name) in actions:
            app, _, codename = name.partition(".")
            model = apps.get_model(app, codename.partition("_")[2])
            if not model._meta.model_name.startswith("historical"):
                found.add(str(model._meta.verbose_name_plural))
    return tuple(sorted(found))
