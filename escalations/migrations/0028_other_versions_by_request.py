"""Every governed kind goes by requests; how many approvals each needs is governed too."""

import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


def forget_others(apps, schema_editor):
    """Changes of other kinds than policies have no place in the older tables."""
    for model in ("Change", "HistoricalChange"):
        apps.get_model("escalations", model).objects.filter(policy_version=None).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0011_service_hours_by_request'),
        ('escalations', '0027_limits_by_request'),
        ('playbooks', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ApprovalRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('code', models.SlugField(max_length=60, unique=True)),
                ('scope', models.CharField(choices=[('policy', 'A policy'), ('limits', 'Limits of a KPI'), ('critical_limits', 'Limits of a critical KPI'), ('playbook', 'Playbooks'), ('hours', 'Service hours'), ('approvals', 'This table')], max_length=16)),
                ('policy', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='approval_rule', to='escalations.policy')),
            ],
            options={
                'ordering': ['scope', 'code'],
                'constraints': [models.CheckConstraint(condition=models.Q(('scope__in', ['policy', 'limits', 'critical_limits', 'playbook', 'hours', 'approvals'])), name='approval_rule_scope', violation_error_code='invalid', violation_error_message='scope is one of policy, limits, critical_limits, playbook, hours, approvals.'), models.CheckConstraint(condition=models.Q(models.Q(('policy__isnull', False), ('scope', 'policy')), models.Q(models.Q(('scope', 'policy'), _negated=True), ('policy', None)), _connector='OR'), name='approval_rule_of_policy', violation_error_code='invalid', violation_error_message='Only a rule of a policy names one.'), models.UniqueConstraint(condition=models.Q(('policy', None)), fields=('scope',), name='approval_rule_once', violation_error_code='unique', violation_error_message='This scope has its rule.')],
            },
        ),
        migrations.CreateModel(
            name='ApprovalRuleVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('number', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('in_review', 'In review'), ('approved', 'Approved'), ('scheduled', 'Scheduled'), ('in_force', 'In force'), ('retired', 'Retired')], default='draft', max_length=10)),
                ('effective_from', models.DateTimeField(blank=True, null=True)),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('note', models.TextField(blank=True)),
                ('needed', models.PositiveSmallIntegerField(verbose_name='approvals needed')),
                ('published_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='escalations.approvalrule')),
            ],
            options={
                'ordering': ['rule', 'number'],
                'constraints': [models.UniqueConstraint(fields=('rule', 'number'), name='approval_rule_version_number', violation_error_code='unique', violation_error_message='This version exists.'), models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'in_review', 'approved', 'scheduled', 'in_force', 'retired'])), name='approval_rule_version_state', violation_error_code='invalid', violation_error_message='state is one of draft, in_review, approved, scheduled, in_force, retired.'), models.UniqueConstraint(condition=models.Q(('state', 'in_force')), fields=('rule',), name='approval_rule_version_one_in_force', violation_error_code='unique', violation_error_message='One version of a rule is in force.'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'in_force'), _negated=True), models.Q(('effective_from__isnull', False), models.Q(('sha256', ''), _negated=True)), _connector='OR'), name='approval_rule_version_in_force_is_sealed', violation_error_code='invalid', violation_error_message='A version in force has its date and its hash.'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['approved', 'scheduled']), _negated=True), models.Q(('sha256', ''), _negated=True), _connector='OR'), name='approval_rule_version_approved_is_hashed', violation_error_code='invalid', violation_error_message='What is approved has the hash of what it says.'), models.CheckConstraint(condition=models.Q(('needed__gte', 1), ('needed__lte', 9)), name='approval_rule_version_needed', violation_error_code='invalid', violation_error_message='1 to 9 approvals.')],
            },
        ),
        migrations.CreateModel(
            name='HistoricalApprovalRule',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('code', models.SlugField(max_length=60)),
                ('scope', models.CharField(choices=[('policy', 'A policy'), ('limits', 'Limits of a KPI'), ('critical_limits', 'Limits of a critical KPI'), ('playbook', 'Playbooks'), ('hours', 'Service hours'), ('approvals', 'This table')], max_length=16)),
                ('history_change_reason', models.TextField(null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('policy', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='escalations.policy')),
            ],
            options={
                'verbose_name': 'historical approval rule',
                'verbose_name_plural': 'historical approval rules',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalApprovalRuleVersion',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('in_review', 'In review'), ('approved', 'Approved'), ('scheduled', 'Scheduled'), ('in_force', 'In force'), ('retired', 'Retired')], default='draft', max_length=10)),
                ('effective_from', models.DateTimeField(blank=True, null=True)),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('note', models.TextField(blank=True)),
                ('needed', models.PositiveSmallIntegerField(verbose_name='approvals needed')),
                ('history_change_reason', models.TextField(null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('published_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('rule', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='escalations.approvalrule')),
            ],
            options={
                'verbose_name': 'historical approval rule version',
                'verbose_name_plural': 'historical approval rule versions',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.RemoveConstraint(
            model_name='change',
            name='change_of_one_version',
        ),
        migrations.AddField(
            model_name='change',
            name='hours_version',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='accounts.servicehoursversion'),
        ),
        migrations.AddField(
            model_name='change',
            name='playbook_version',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='playbooks.playbookversion'),
        ),
        migrations.AddField(
            model_name='change',
            name='threshold',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='escalations.threshold'),
        ),
        migrations.AddField(
            model_name='historicalchange',
            name='hours_version',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.servicehoursversion'),
        ),
        migrations.AddField(
            model_name='historicalchange',
            name='playbook_version',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='playbooks.playbookversion'),
        ),
        migrations.AddField(
            model_name='historicalchange',
            name='threshold',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='escalations.threshold'),
        ),
        migrations.AddField(
            model_name='change',
            name='approval_rule_version',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='escalations.approvalruleversion'),
        ),
        migrations.AddField(
            model_name='historicalchange',
            name='approval_rule_version',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='escalations.approvalruleversion'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('approval_rule_version__isnull', True), ('hours_version__isnull', True), ('playbook_version__isnull', True), ('policy_version__isnull', False), ('threshold__isnull', True)), models.Q(('approval_rule_version__isnull', True), ('hours_version__isnull', True), ('playbook_version__isnull', True), ('policy_version__isnull', True), ('threshold__isnull', False)), models.Q(('approval_rule_version__isnull', False), ('hours_version__isnull', True), ('playbook_version__isnull', True), ('policy_version__isnull', True), ('threshold__isnull', True)), models.Q(('approval_rule_version__isnull', True), ('hours_version__isnull', True), ('playbook_version__isnull', False), ('policy_version__isnull', True), ('threshold__isnull', True)), models.Q(('approval_rule_version__isnull', True), ('hours_version__isnull', False), ('playbook_version__isnull', True), ('policy_version__isnull', True), ('threshold__isnull', True)), _connector='OR'), name='change_of_one_version', violation_error_code='invalid', violation_error_message='A change is of one version.'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.UniqueConstraint(fields=('request', 'threshold'), name='change_once_threshold', violation_error_code='unique', violation_error_message='It is in there already.'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.UniqueConstraint(fields=('request', 'approval_rule_version'), name='change_once_approval_rule_version', violation_error_code='unique', violation_error_message='It is in there already.'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.UniqueConstraint(fields=('request', 'playbook_version'), name='change_once_playbook_version', violation_error_code='unique', violation_error_message='It is in there already.'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.UniqueConstraint(fields=('request', 'hours_version'), name='change_once_hours_version', violation_error_code='unique', violation_error_message='It is in there already.'),
        ),
        migrations.RunPython(migrations.RunPython.noop, forget_others),
    ]
