"""Who signs in, kept with all rights by each process until anything changes that decides them."""

from __future__ import annotations

from copy import copy
from typing import Any, ClassVar

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission
from django.db.models import F, OuterRef, Q, Subquery, TextField, Value
from django.db.models.aggregates import Aggregate
from django.db.models.functions import Concat

from accounts.models import User
from config.lib.stamps import kept


class _Joined(Aggregate):
    """Texts of all rows with a comma between."""

    function = "STRING_AGG"
    template = "%(function)s(%(expressions)s, ',')"
    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, function="GROUP_CONCAT", **more)


class RightsBackend(ModelBackend):
    """A superuser's rights are read when they are asked for: mostly they are not."""

    # What other apps want to know with each request: name of the attribute -> expression, of tables
    # that `config.lib.stamps` watches.
    beside: ClassVar[dict[str, Any]] = {}

    def get_user(self, user_id: Any) -> User | None:
        """One small statement for a person whom this process knows. A copy: what a request learns
        of its person stays with the request."""
        user = kept().one(("user", user_id), lambda: _with_rights(user_id, self.beside))
        if user is None or not self.user_can_authenticate(user):
            return None
        return copy(user)


def _with_rights(user_id: Any, beside: dict[str, Any]) -> User | None:
    """One query instead of three."""
    of_user = OuterRef(OuterRef("pk"))
    by_role = Group.permissions.through.objects.filter(group__user=of_user)
    own = User.user_permissions.through.objects.filter(user=of_user)
    held = Permission.objects.filter(
        Q(pk__in=by_role.values("permission")) | Q(pk__in=own.values("permission"))
    )
    name = Concat(F("content_type__app_label"), Value("."), F("codename"))
    names = held.order_by().values(one=Value(1)).annotate(all=_Joined(name)).values("all")
    rows = User.objects.filter(pk=user_id).annotate(right_names=Subquery(names), **beside)
    user: Any = rows.first()
    if user is not None and not user.is_superuser:
        user._perm_cache = set(filter(None, (user.right_names or "").split(",")))
    return user
