"""Policy versions carry the rules of task forces. What was frozen before keeps its hash and is told
by `carries_task_forces`: under it the rules of the house hold, which stay as they are, as rows of no
version. Drafts take them into themselves."""

import django.db.models.deletion
from django.db import migrations, models


FIELDS = (
    "position", "name", "severity_at_least", "tier", "product_area", "category", "team_id",
    "channel_url", "bridge_url", "meeting", "meeting_every_h", "meeting_at", "meeting_zone",
)


def tell_older(apps, schema_editor):
    Rule = apps.get_model("escalations", "TaskForceRule")
    Version = apps.get_model("escalations", "PolicyVersion")
    house = list(Rule.objects.filter(version=None, is_active=True).order_by("position"))
    for draft in Version.objects.filter(state="draft"):
        Rule.objects.bulk_create(
            Rule(version=draft, **{name: getattr(row, name) for name in FIELDS}) for row in house
        )
    Version.objects.exclude(state="draft").update(carries_task_forces=False)
    apps.get_model("escalations", "HistoricalPolicyVersion").objects.update(
        carries_task_forces=False
    )
    _settle(schema_editor)


def forget_those_of_versions(apps, schema_editor):
    """Task forces stay, without the rule that formed them: it has no place in the older table."""
    rules = apps.get_model("escalations", "TaskForceRule").objects.filter(version__isnull=False)
    keys = list(rules.values_list("pk", flat=True))
    apps.get_model("escalations", "TaskForce").objects.filter(rule__in=keys).update(rule=None)
    rules._raw_delete(rules.db)  # nothing hangs on them any more
    _settle(schema_editor)


def _settle(schema_editor):
    """PostgreSQL changes no table that has references still to be checked."""
    if schema_editor.connection.vendor == "postgresql":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0013_roster_rules_by_request'),
        ('escalations', '0036_words_with_their_account'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='taskforcerule',
            options={'ordering': ['version', 'position', 'pk']},
        ),
        migrations.RemoveConstraint(
            model_name='taskforcerule',
            name='task_force_rule_position',
        ),
        migrations.AddField(
            model_name='historicalpolicyversion',
            name='carries_task_forces',
            field=models.BooleanField(default=True, help_text='No: it is older than task forces in versions, and those of the house hold.'),
        ),
        migrations.AddField(
            model_name='historicaltaskforcerule',
            name='version',
            field=models.ForeignKey(blank=True, db_constraint=False, help_text='None: of the house, from before versions carried task forces.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='escalations.policyversion'),
        ),
        migrations.AddField(
            model_name='policyversion',
            name='carries_task_forces',
            field=models.BooleanField(default=True, help_text='No: it is older than task forces in versions, and those of the house hold.'),
        ),
        migrations.AddField(
            model_name='taskforcerule',
            name='version',
            field=models.ForeignKey(blank=True, help_text='None: of the house, from before versions carried task forces.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='task_force_rules', to='escalations.policyversion'),
        ),
        migrations.AddConstraint(
            model_name='taskforcerule',
            constraint=models.UniqueConstraint(condition=models.Q(('version', None)), fields=('position',), name='task_force_rule_position', violation_error_code='unique', violation_error_message='This place is taken.'),
        ),
        migrations.AddConstraint(
            model_name='taskforcerule',
            constraint=models.UniqueConstraint(fields=('version', 'position'), name='task_force_rule_version_position', violation_error_code='unique', violation_error_message='This place is taken.'),
        ),
        migrations.AddConstraint(
            model_name='taskforcerule',
            constraint=models.CheckConstraint(condition=models.Q(('version', None), ('is_active', True), _connector='OR'), name='task_force_rule_of_version_holds', violation_error_code='invalid', violation_error_message='A rule of a version holds: take away what should not.'),
        ),
        migrations.RunPython(tell_older, forget_those_of_versions),
    ]
