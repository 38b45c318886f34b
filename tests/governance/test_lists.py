"""The lists of the governance pages: found, filtered, with a history, and readable marks."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import BooleanField

from accounts.models import ServiceHours
from config.lib.admin import GOOD, Governed
from escalations.models import Incident, PostIncidentReview, Threshold
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.reviews import resolve
from tests.governance.test_pages import address, ours

# Nothing of these is chosen from a few.
PLAIN = {Group, ServiceHours}


def test_every_noun_is_searched_and_filtered():
    served = {model: admin.site._registry[model] for model in ours()}
    assert not [model for model, page in served.items() if not page.search_fields]
    assert not [m for m, page in served.items() if not page.list_filter and m not in PLAIN]


def test_search_and_filters_answer(governor):
    for model in ours():
        assert governor.get(address(model, "changelist") + "?q=a+1").status_code == 200, model


def test_every_governed_thing_shows_its_history(governor):
    seen = 0
    for model in ours():
        if not isinstance(admin.site._registry[model], Governed):
            continue
        assert hasattr(model, "history"), model
        if (one := model._default_manager.first()) is not None:
            page = governor.get(address(model, "change", one.pk))
            assert address(model, "history", one.pk) in page.text, model
            seen += 1
    assert seen >= 12


@pytest.mark.parametrize("model", [Incident, PostIncidentReview, Threshold])
def test_severities_are_marks_in_our_colours(governor, governed, at, model):
    incident = open_incident(at, "marks", severity_hint="critical", facts=MAJOR)
    resolve(incident, by=governed["agent"], at=at)
    page = governor.get(address(model, "changelist"))
    wanted = 2 if model is Threshold else 1
    assert f'<span class="sev sev-{wanted}">S{wanted}</span>' in page.text


def test_a_flag_is_said_in_words_unless_yes_is_good(governor):
    for has_missed, word in ((True, "Yes"), (False, "No")):
        Incident.objects.update(has_missed=has_missed)
        page = governor.get(address(Incident, "changelist"))
        place = [str(getattr(one, "__name__", one)) for one in page.context["cl"].list_display]
        row = page.context["cl"].result_list[0]
        column = page.context["cl"].list_display[place.index("has_missed")]
        assert column(row) == word
        assert "close_small" not in page.text
    for model in ours():
        shown = governor.get(address(model, "changelist")).context["cl"].list_display
        flags = {f.name for f in model._meta.fields if isinstance(f, BooleanField)} - GOOD
        assert not flags & {one for one in shown if isinstance(one, str)}, model


def test_a_marked_column_still_sorts(governor):
    url = address(Incident, "changelist")
    shown = governor.get(url).context["cl"].list_display
    place = [getattr(one, "__name__", one) for one in shown].index("severity")
    page = governor.get(f"{url}?o={place}")
    severities = [incident.severity for incident in page.context["cl"].result_list]
    assert severities == sorted(severities) and len(set(severities)) > 1
