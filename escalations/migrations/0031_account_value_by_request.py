"""Account value goes by requests like the other governed kinds."""

import django.db.models.deletion
from django.db import migrations, models


def forget_value(apps, schema_editor):
    """Changes of account value have no place in the older tables."""
    for model in ("Change", "HistoricalChange"):
        apps.get_model("escalations", model).objects.filter(value_version__isnull=False).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0012_account_value_by_request'),
        ('escalations', '0030_sorting_and_arrivals'),
        ('playbooks', '0001_initial'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='approvalrule',
            name='approval_rule_scope',
        ),
        migrations.RemoveConstraint(
            model_name='change',
            name='change_of_one_version',
        ),
        migrations.AddField(
            model_name='change',
            name='value_version',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='accounts.valuerubricversion'),
        ),
        migrations.AddField(
            model_name='historicalchange',
            name='value_version',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.valuerubricversion'),
        ),
        migrations.AlterField(
            model_name='approvalrule',
            name='scope',
            field=models.CharField(choices=[('policy', 'A policy'), ('limits', 'Limits of a KPI'), ('critical_limits', 'Limits of a critical KPI'), ('playbook', 'Playbooks'), ('hours', 'Service hours'), ('account_value', 'Account value'), ('approvals', 'This table')], max_length=16),
        ),
        migrations.AlterField(
            model_name='historicalapprovalrule',
            name='scope',
            field=models.CharField(choices=[('policy', 'A policy'), ('limits', 'Limits of a KPI'), ('critical_limits', 'Limits of a critical KPI'), ('playbook', 'Playbooks'), ('hours', 'Service hours'), ('account_value', 'Account value'), ('approvals', 'This table')], max_length=16),
        ),
        migrations.AddConstraint(
            model_name='approvalrule',
            constraint=models.CheckConstraint(condition=models.Q(('scope__in', ['policy', 'limits', 'critical_limits', 'playbook', 'hours', 'account_value', 'approvals'])), name='approval_rule_scope', violation_error_code='invalid', violation_error_message='scope is one of policy, limits, critical_limits, playbook, hours, account_value, approvals.'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('approval_rule_version__isnull', True), ('hours_version__isnull', True), ('playbook_version__isnull', True), ('policy_version__isnull', False), ('threshold__isnull', True), ('value_version__isnull', True)), models.Q(('approval_rule_version__isnull', True), ('hours_version__isnull', True), ('playbook_version__isnull', True), ('policy_version__isnull', True), ('threshold__isnull', False), ('value_version__isnull', True)), models.Q(('approval_rule_version__isnull', False), ('hours_version__isnull', True), ('playbook_version__isnull', True), ('policy_version__isnull', True), ('threshold__isnull', True), ('value_version__isnull', True)), models.Q(('approval_rule_version__isnull', True), ('hours_version__isnull', True), ('playbook_version__isnull', False), ('policy_version__isnull', True), ('threshold__isnull', True), ('value_version__isnull', True)), models.Q(('approval_rule_version__isnull', True), ('hours_version__isnull', False), ('playbook_version__isnull', True), ('policy_version__isnull', True), ('threshold__isnull', True), ('value_version__isnull', True)), models.Q(('approval_rule_version__isnull', True), ('hours_version__isnull', True), ('playbook_version__isnull', True), ('policy_version__isnull', True), ('threshold__isnull', True), ('value_version__isnull', False)), _connector='OR'), name='change_of_one_version', violation_error_code='invalid', violation_error_message='A change is of one version.'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.UniqueConstraint(fields=('request', 'value_version'), name='change_once_value_version', violation_error_code='unique', violation_error_message='It is in there already.'),
        ),
        migrations.RunPython(migrations.RunPython.noop, forget_value),
    ]
