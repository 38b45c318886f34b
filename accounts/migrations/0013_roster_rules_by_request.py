"""Rules of a roster may change by request: their plans are governed versions."""

import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0012_account_value_by_request'),
    ]

    operations = [
        migrations.AddField(
            model_name='historicalroster',
            name='by_request',
            field=models.BooleanField(default=False, help_text='Layers change only when others approve it. Stand-ins and swaps stay free.', verbose_name='rules by request'),
        ),
        migrations.AddField(
            model_name='roster',
            name='by_request',
            field=models.BooleanField(default=False, help_text='Layers change only when others approve it. Stand-ins and swaps stay free.', verbose_name='rules by request'),
        ),
        migrations.CreateModel(
            name='HistoricalRosterPlan',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('in_review', 'In review'), ('approved', 'Approved'), ('scheduled', 'Scheduled'), ('in_force', 'In force'), ('retired', 'Retired')], default='draft', max_length=10)),
                ('effective_from', models.DateTimeField(blank=True, null=True)),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('note', models.TextField(blank=True)),
                ('layers', models.JSONField(default=list)),
                ('accepts_gaps', models.BooleanField(default=False)),
                ('history_change_reason', models.TextField(null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('fallback', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('published_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('roster', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.roster')),
                ('written', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.rosterversion')),
            ],
            options={
                'verbose_name': 'historical roster plan',
                'verbose_name_plural': 'historical roster plans',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='RosterPlan',
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
                ('layers', models.JSONField(default=list)),
                ('accepts_gaps', models.BooleanField(default=False)),
                ('outlook', models.JSONField(default=dict)),
                ('fallback', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('published_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('roster', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='plans', to='accounts.roster')),
                ('written', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='plan', to='accounts.rosterversion')),
            ],
            options={
                'ordering': ['roster', 'number'],
                'constraints': [models.UniqueConstraint(fields=('roster', 'number'), name='roster_plan_number', violation_error_code='unique', violation_error_message='This version exists.'), models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'in_review', 'approved', 'scheduled', 'in_force', 'retired'])), name='roster_plan_state', violation_error_code='invalid', violation_error_message='state is one of draft, in_review, approved, scheduled, in_force, retired.'), models.UniqueConstraint(condition=models.Q(('state', 'in_force')), fields=('roster',), name='roster_plan_one_in_force', violation_error_code='unique', violation_error_message='One version of a roster is in force.'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'in_force'), _negated=True), models.Q(('effective_from__isnull', False), models.Q(('sha256', ''), _negated=True)), _connector='OR'), name='roster_plan_in_force_is_sealed', violation_error_code='invalid', violation_error_message='A version in force has its date and its hash.'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['approved', 'scheduled']), _negated=True), models.Q(('sha256', ''), _negated=True), _connector='OR'), name='roster_plan_approved_is_hashed', violation_error_code='invalid', violation_error_message='What is approved has the hash of what it says.'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['scheduled', 'in_force']), _negated=True), ('written__isnull', False), _connector='OR'), name='roster_plan_written', violation_error_code='invalid', violation_error_message='What is scheduled or in force is a version of the roster.')],
            },
        ),
    ]
