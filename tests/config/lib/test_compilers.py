"""Statements worded in less time are those that Django words, to the letter."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Count, Exists, F, Max, OuterRef, QuerySet
from django.db.models.sql.compiler import SQLCompiler

from accounts.models import Team, User
from config.lib.compilers import Compiler
from escalations.models import Clock, Incident, Responder, TimelineEvent


def reads() -> Iterator[QuerySet]:
    for model in apps.get_models(include_auto_created=True):
        rows = model._default_manager.all()
        related = [f.name for f in model._meta.concrete_fields if f.is_relation]
        yield rows
        yield rows.select_related(*related)
        yield rows.values_list("pk", *related).distinct()
    mine = Responder.objects.filter(user=7, incident=OuterRef("number"))
    incidents = Incident.objects.select_related("account__owner", "team", "parent__account")
    yield incidents.annotate(n=Count("signals"), is_mine=Exists(mine)).order_by("-n", "title")
    yield incidents.defer("explanation", "body", "account__name")
    some = (
        "number",
        "title",
        "team__name",
        "account__name",
        "account__owner__email",
        "parent__title",
    )
    yield incidents.only(*some, "account__owner__username", "parent__account__name")
    yield incidents.annotate(latest=Max("timeline__at")).values("state").annotate(n=Count("pk"))
    yield Clock.objects.filter(incident__in=incidents.filter(team=3)).reverse()
    yield User.objects.filter(memberships__team__in=Team.objects.filter(is_private=True))
    yield Team.objects.order_by().union(Team.objects.filter(code="b").order_by()).order_by("code")
    yield TimelineEvent.objects.extra(select={"twice": "seq * 2"}).annotate(next=F("seq") + 1)
    yield Incident.objects.none() | Incident.objects.filter(merged_into__merged_into__team=2)


@pytest.mark.django_db
def test_every_statement_is_the_one_that_django_words():
    count = 0
    for rows in reads():
        said = []
        for kind in (SQLCompiler, Compiler, Compiler):  # from the second on what was kept
            compiler = kind(rows.query.clone(), connection, None)
            text = compiler.as_sql()
            found = compiler.get_converters([each[0] for each in compiler.select or ()])
            names = {
                place: [getattr(each, "__qualname__", "") for each in converters]
                for place, (converters, _) in found.items()
            }
            said.append(
                (
                    text,
                    names,
                    re.sub(" at 0x[0-9a-f]+", "", str(compiler.klass_info)),
                    compiler.annotation_col_map,
                )
            )
        assert said[0] == said[1] == said[2], rows.model
        count += 1
    assert count > 300
