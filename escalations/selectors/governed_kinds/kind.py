"""What is the same of every governed kind, as it is read: whose versions, their names, their
differences. What a change does to one is in `escalations.services.governed_kinds`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.urls import reverse

from accounts.models import User
from config.lib.errors import DomainError
from config.lib.versions import Version
from escalations.rules.policy_diff import Comparison

V = TypeVar("V", bound=Version)
BIGGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Said:
    """How one kind is spoken of: `thing` as in "a KPI's limits", `right` of whoever asks, `see` of
    whoever reads the versions."""

    name: str
    thing: str
    right: str
    see: str


@dataclass(frozen=True, slots=True)
class Moved:
    """One of those whom a change reaches, and how."""

    name: str
    url: str
    words: str


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a change reaches: all of them counted in sentences, the first by name."""

    title: str
    sentences: tuple[str, ...]
    first: tuple[Moved, ...]
    total: int


class GovernedKind(Generic[V]):
    """`field` is its foreign key on `Change`, `owner` the field that names whose version it is."""

    said: ClassVar[Said]
    field: ClassVar[str]
    owner: ClassVar[str]
    model: type[V]
    has_emergency = True

    def rows(self) -> QuerySet[V]:
        """Versions with what their names and differences need."""
        return self.model._default_manager.select_related(self.owner)

    def find(self, code: str, number: int) -> V:
        """Raises DomainError 404 `not_found`."""
        version = None
        if 0 < number <= BIGGEST:
            version = self.rows().filter(**self.of_code(code), number=number).first()
        if version is None:
            raise DomainError("not_found", f"There is no version {number} of {code!r}.", status=404)
        return version

    def of_code(self, code: str) -> dict[str, Any]:
        return {f"{self.owner}__code": code}

    def owner_of(self, version: V) -> Any:
        return getattr(version, self.owner)

    def code_of(self, version: V) -> str:
        return self.owner_of(version).code

    def title_of(self, version: V) -> str:
        """Whose version it is."""
        return self.owner_of(version).name

    def name_of(self, version: V) -> str:
        return f"{self.title_of(version)} v{version.number}"

    def siblings(self, version: V) -> QuerySet[V]:
        """Every version of the same thing."""
        return self.rows().filter(**{self.owner: self.owner_of(version)})

    def in_force(self, version: V) -> V | None:
        """The version of the same thing that decides now."""
        return self.siblings(version).filter(state="in_force").first()

    def numbered(self, version: V, number: int | None) -> V | None:
        """Another version of the same thing."""
        if number is None:
            return None
        return self.siblings(version).filter(number=number).first()

    def needed(self, version: V) -> int:
        """How many others must approve it."""
        raise NotImplementedError

    def compare(self, before: V, after: V, *, sees_revenue: bool = False) -> Comparison:
        """In plain sentences; revenue only for those who may see it."""
        raise NotImplementedError

    def reach(self, before: V, after: V, person: User, at: datetime) -> Reach | None:
        """Whom it would reach, of those whom this person may see; None where a kind cannot say."""
        return None

    def url(self, version: V) -> str:
        address = reverse("versions", args=[self.said.name, self.code_of(version)])
        return f"{address}?to={version.number}"

    def compare_url(self, before: V, after: V) -> str:
        address = reverse("versions", args=[self.said.name, self.code_of(after)])
        return f"{address}?from={before.number}&to={after.number}"

    def home_url(self, version: V) -> str:
        """The page of the thing itself."""
        raise NotImplementedError

    def edit_url(self, version: V) -> str:
        """Where its drafts are written, in governance."""
        meta = self.model._meta
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[version.pk])

    def add_url(self, owner: Model) -> str:
        """Where the next draft is begun."""
        meta = self.model._meta
        add = reverse(f"admin:{meta.app_label}_{meta.model_name}_add")
        return f"{add}?{self.owner}={owner.pk}"
