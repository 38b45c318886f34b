"""Account value becomes a governed version. Where there are customers, what valued them until now is
version 1, and they keep it."""

import hashlib
import json

import accounts.models.value_rubrics
import django.db.models.deletion
import django.db.models.expressions
import simple_history.models
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

CONTENT = (
    "lifetime_value_weight",
    "importance_weight",
    "influence_weight",
    "renewal_weight",
    "momentum_weight",
    "value_share",
    "strategic_from",
    "enterprise_from",
    "high_potential_from",
    "lifetime_2_from",
    "lifetime_3_from",
    "lifetime_4_from",
    "renewal_1_days",
    "renewal_2_days",
    "renewal_3_days",
    "renewal_4_days",
    "growing_pct",
    "fall_2_pct",
    "fall_3_pct",
    "fall_4_pct",
    "importance_anchors",
    "influence_anchors",
)


def first_version(apps, schema_editor):
    """A new installation gets its first version with its other starting values."""
    accounts = apps.get_model("accounts", "Account").objects
    if not accounts.exists():
        return
    at, why = timezone.now(), "What valued accounts until now."
    rubric = apps.get_model("accounts", "ValueRubric").objects.create(
        code="accounts", name="Account value"
    )
    version = apps.get_model("accounts", "ValueRubricVersion")(rubric=rubric, number=1, note=why)
    content = {name: getattr(version, name) for name in CONTENT}
    content |= {"rubric": rubric.code, "number": 1}
    text = json.dumps(content, sort_keys=True, default=str, separators=(",", ":"))
    version.state, version.effective_from = "in_force", at
    version.sha256 = hashlib.sha256(text.encode()).hexdigest()
    version.save()
    told = {"history_date": at, "history_type": "+", "history_change_reason": why}
    apps.get_model("accounts", "HistoricalValueRubric").objects.create(
        id=rubric.pk, code=rubric.code, name=rubric.name, **told
    )
    kept = ("number", "state", "effective_from", "sha256", "note", *CONTENT)
    apps.get_model("accounts", "HistoricalValueRubricVersion").objects.create(
        id=version.pk, rubric_id=rubric.pk, **{name: getattr(version, name) for name in kept}, **told
    )
    accounts.update(valued_by=version)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0011_service_hours_by_request'),
    ]

    operations = [
        migrations.CreateModel(
            name='ValueRubric',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('code', models.SlugField(max_length=40, unique=True)),
                ('name', models.CharField(max_length=120)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='HistoricalValueRubric',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('code', models.SlugField(max_length=40)),
                ('name', models.CharField(max_length=120)),
                ('history_change_reason', models.TextField(null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical value rubric',
                'verbose_name_plural': 'historical value rubrics',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalValueRubricVersion',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('in_review', 'In review'), ('approved', 'Approved'), ('scheduled', 'Scheduled'), ('in_force', 'In force'), ('retired', 'Retired')], default='draft', max_length=10)),
                ('effective_from', models.DateTimeField(blank=True, null=True)),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('note', models.TextField(blank=True)),
                ('lifetime_value_weight', models.PositiveSmallIntegerField(default=50, verbose_name='weight of lifetime value')),
                ('importance_weight', models.PositiveSmallIntegerField(default=30, verbose_name='weight of strategic importance')),
                ('influence_weight', models.PositiveSmallIntegerField(default=20, verbose_name='weight of influence')),
                ('renewal_weight', models.PositiveSmallIntegerField(default=60, verbose_name='weight of renewal risk')),
                ('momentum_weight', models.PositiveSmallIntegerField(default=40, verbose_name='weight of usage momentum')),
                ('value_share', models.PositiveSmallIntegerField(default=60, verbose_name='share of value in the priority')),
                ('strategic_from', models.PositiveSmallIntegerField(default=80, verbose_name='strategic from')),
                ('enterprise_from', models.PositiveSmallIntegerField(default=60, verbose_name='enterprise from')),
                ('high_potential_from', models.PositiveSmallIntegerField(default=45, verbose_name='high potential from')),
                ('lifetime_2_from', models.PositiveBigIntegerField(default=50000, verbose_name='lifetime value 2 from')),
                ('lifetime_3_from', models.PositiveBigIntegerField(default=250000, verbose_name='lifetime value 3 from')),
                ('lifetime_4_from', models.PositiveBigIntegerField(default=1000000, verbose_name='lifetime value 4 from')),
                ('renewal_1_days', models.PositiveSmallIntegerField(default=365, verbose_name='renewal risk 1 up to')),
                ('renewal_2_days', models.PositiveSmallIntegerField(default=180, verbose_name='renewal risk 2 up to')),
                ('renewal_3_days', models.PositiveSmallIntegerField(default=90, verbose_name='renewal risk 3 up to')),
                ('renewal_4_days', models.PositiveSmallIntegerField(default=30, verbose_name='renewal risk 4 up to')),
                ('growing_pct', models.PositiveSmallIntegerField(default=10, verbose_name='usage grows from')),
                ('fall_2_pct', models.PositiveSmallIntegerField(default=10, verbose_name='usage momentum 2 from a fall of')),
                ('fall_3_pct', models.PositiveSmallIntegerField(default=25, verbose_name='usage momentum 3 from a fall of')),
                ('fall_4_pct', models.PositiveSmallIntegerField(default=50, verbose_name='usage momentum 4 from a fall of')),
                ('importance_anchors', models.JSONField(default=accounts.models.value_rubrics.importance_texts)),
                ('influence_anchors', models.JSONField(default=accounts.models.value_rubrics.influence_texts)),
                ('history_change_reason', models.TextField(null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('published_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('rubric', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.valuerubric')),
            ],
            options={
                'verbose_name': 'historical value rubric version',
                'verbose_name_plural': 'historical value rubric versions',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='ValueRubricVersion',
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
                ('lifetime_value_weight', models.PositiveSmallIntegerField(default=50, verbose_name='weight of lifetime value')),
                ('importance_weight', models.PositiveSmallIntegerField(default=30, verbose_name='weight of strategic importance')),
                ('influence_weight', models.PositiveSmallIntegerField(default=20, verbose_name='weight of influence')),
                ('renewal_weight', models.PositiveSmallIntegerField(default=60, verbose_name='weight of renewal risk')),
                ('momentum_weight', models.PositiveSmallIntegerField(default=40, verbose_name='weight of usage momentum')),
                ('value_share', models.PositiveSmallIntegerField(default=60, verbose_name='share of value in the priority')),
                ('strategic_from', models.PositiveSmallIntegerField(default=80, verbose_name='strategic from')),
                ('enterprise_from', models.PositiveSmallIntegerField(default=60, verbose_name='enterprise from')),
                ('high_potential_from', models.PositiveSmallIntegerField(default=45, verbose_name='high potential from')),
                ('lifetime_2_from', models.PositiveBigIntegerField(default=50000, verbose_name='lifetime value 2 from')),
                ('lifetime_3_from', models.PositiveBigIntegerField(default=250000, verbose_name='lifetime value 3 from')),
                ('lifetime_4_from', models.PositiveBigIntegerField(default=1000000, verbose_name='lifetime value 4 from')),
                ('renewal_1_days', models.PositiveSmallIntegerField(default=365, verbose_name='renewal risk 1 up to')),
                ('renewal_2_days', models.PositiveSmallIntegerField(default=180, verbose_name='renewal risk 2 up to')),
                ('renewal_3_days', models.PositiveSmallIntegerField(default=90, verbose_name='renewal risk 3 up to')),
                ('renewal_4_days', models.PositiveSmallIntegerField(default=30, verbose_name='renewal risk 4 up to')),
                ('growing_pct', models.PositiveSmallIntegerField(default=10, verbose_name='usage grows from')),
                ('fall_2_pct', models.PositiveSmallIntegerField(default=10, verbose_name='usage momentum 2 from a fall of')),
                ('fall_3_pct', models.PositiveSmallIntegerField(default=25, verbose_name='usage momentum 3 from a fall of')),
                ('fall_4_pct', models.PositiveSmallIntegerField(default=50, verbose_name='usage momentum 4 from a fall of')),
                ('importance_anchors', models.JSONField(default=accounts.models.value_rubrics.importance_texts)),
                ('influence_anchors', models.JSONField(default=accounts.models.value_rubrics.influence_texts)),
                ('revalue_at', models.DateTimeField(blank=True, editable=False, help_text='The next accounts take this version over then; empty once all did.', null=True)),
                ('published_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('rubric', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='accounts.valuerubric')),
            ],
            options={
                'ordering': ['rubric', 'number'],
                'indexes': [models.Index(condition=models.Q(('revalue_at__isnull', False)), fields=['revalue_at'], name='value_rubric_revalue')],
                'constraints': [models.UniqueConstraint(fields=('rubric', 'number'), name='value_rubric_version_number', violation_error_code='unique', violation_error_message='This version exists.'), models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'in_review', 'approved', 'scheduled', 'in_force', 'retired'])), name='value_rubric_version_state', violation_error_code='invalid', violation_error_message='state is one of draft, in_review, approved, scheduled, in_force, retired.'), models.UniqueConstraint(condition=models.Q(('state', 'in_force')), fields=('rubric',), name='value_rubric_version_one_in_force', violation_error_code='unique', violation_error_message='One version of a rubric is in force.'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'in_force'), _negated=True), models.Q(('effective_from__isnull', False), models.Q(('sha256', ''), _negated=True)), _connector='OR'), name='value_rubric_version_in_force_is_sealed', violation_error_code='invalid', violation_error_message='A version in force has its date and its hash.'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['approved', 'scheduled']), _negated=True), models.Q(('sha256', ''), _negated=True), _connector='OR'), name='value_rubric_version_approved_is_hashed', violation_error_code='invalid', violation_error_message='What is approved has the hash of what it says.'), models.CheckConstraint(condition=models.Q(('lifetime_value_weight', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.Value(100), '-', models.F('importance_weight')), '-', models.F('influence_weight')))), name='value_rubric_value_weights', violation_error_code='weights', violation_error_message='The weights of value sum to 100.'), models.CheckConstraint(condition=models.Q(('renewal_weight', django.db.models.expressions.CombinedExpression(models.Value(100), '-', models.F('momentum_weight')))), name='value_rubric_risk_weights', violation_error_code='weights', violation_error_message='The weights of risk sum to 100.'), models.CheckConstraint(condition=models.Q(('value_share__lte', 100)), name='value_rubric_share', violation_error_code='invalid', violation_error_message='A share is 0 to 100 per cent.'), models.CheckConstraint(condition=models.Q(('enterprise_from__gt', models.F('high_potential_from')), ('high_potential_from__gte', 1), ('strategic_from__gt', models.F('enterprise_from')), ('strategic_from__lte', 100)), name='value_rubric_tiers', violation_error_code='not_rising', violation_error_message='Tiers rise from 1 to 100 points.'), models.CheckConstraint(condition=models.Q(('lifetime_2_from__gte', 1), ('lifetime_3_from__gt', models.F('lifetime_2_from')), ('lifetime_4_from__gt', models.F('lifetime_3_from'))), name='value_rubric_lifetime', violation_error_code='not_rising', violation_error_message='The limits of lifetime value rise.'), models.CheckConstraint(condition=models.Q(('renewal_2_days__gt', models.F('renewal_3_days')), ('renewal_3_days__gt', models.F('renewal_4_days')), ('renewal_1_days__gt', models.F('renewal_2_days'))), name='value_rubric_renewal', violation_error_code='not_rising', violation_error_message='The days to renewal fall from anchor 1 to anchor 4.'), models.CheckConstraint(condition=models.Q(('fall_2_pct__gte', 1), ('fall_3_pct__gt', models.F('fall_2_pct')), ('growing_pct__gte', 1), ('fall_4_pct__gt', models.F('fall_3_pct')), ('fall_4_pct__lte', 100)), name='value_rubric_momentum', violation_error_code='not_rising', violation_error_message='The falls of usage rise to 100 per cent.')],
            },
        ),
        migrations.AddField(
            model_name='account',
            name='valued_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='accounts.valuerubricversion'),
        ),
        migrations.AddField(
            model_name='historicalaccount',
            name='valued_by',
            field=models.ForeignKey(blank=True, db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.valuerubricversion'),
        ),
        migrations.RunPython(first_version, migrations.RunPython.noop),
    ]
