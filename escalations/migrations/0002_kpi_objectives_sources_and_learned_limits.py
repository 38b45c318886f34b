import accounts.models.people
import django.db.models.deletion
import escalations.rules.thresholds
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('accounts', '__first__'),
        ('escalations', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalKpiSource',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('name', models.CharField(help_text='As readings name it.', max_length=80)),
                ('system', models.CharField(blank=True, help_text='Such as the warehouse.', max_length=120)),
                ('description', models.CharField(blank=True, max_length=300)),
                ('is_primary', models.BooleanField(default=False, verbose_name='primary')),
                ('tolerance_abs', models.FloatField(blank=True, null=True, verbose_name='tolerance, in the unit')),
                ('tolerance_rel', models.FloatField(blank=True, help_text='0.02 is two per cent.', null=True, verbose_name='tolerance, share')),
                ('history_change_reason', models.TextField(null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical kpi source',
                'verbose_name_plural': 'historical kpi sources',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='KpiSource',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('name', models.CharField(help_text='As readings name it.', max_length=80)),
                ('system', models.CharField(blank=True, help_text='Such as the warehouse.', max_length=120)),
                ('description', models.CharField(blank=True, max_length=300)),
                ('is_primary', models.BooleanField(default=False, verbose_name='primary')),
                ('tolerance_abs', models.FloatField(blank=True, null=True, verbose_name='tolerance, in the unit')),
                ('tolerance_rel', models.FloatField(blank=True, help_text='0.02 is two per cent.', null=True, verbose_name='tolerance, share')),
            ],
            options={
                'ordering': ['kpi', 'name'],
                'constraints': [models.CheckConstraint(condition=models.Q(('tolerance_abs', None), models.Q(('tolerance_abs__gte', 0), ('tolerance_abs__lte', 1e+300)), _connector='OR'), name='kpi_source_tolerance_abs', violation_error_code='invalid', violation_error_message='A tolerance is a number from 0.'), models.CheckConstraint(condition=models.Q(('tolerance_rel', None), models.Q(('tolerance_rel__gte', 0), ('tolerance_rel__lte', 1)), _connector='OR'), name='kpi_source_tolerance_rel', violation_error_code='invalid', violation_error_message='A tolerance as a share is 0 to 1.')],
            },
        ),
        migrations.CreateModel(
            name='LearnedDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('segment', models.CharField(blank=True, max_length=120)),
                ('day', models.DateField()),
                ('time_zone', models.CharField(max_length=64)),
                ('buckets', models.CharField(choices=[('hour_of_week', 'hour_of_week'), ('hour_of_day', 'hour_of_day'), ('day_of_week', 'day_of_week'), ('any_day', 'any_day')], max_length=12)),
                ('first_on', models.DateField(blank=True, null=True)),
                ('bands', models.JSONField(blank=True, default=dict)),
                ('learned_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('buckets__in', ['hour_of_week', 'hour_of_day', 'day_of_week', 'any_day'])), name='learned_day_buckets', violation_error_code='invalid', violation_error_message='buckets is one of hour_of_week, hour_of_day, day_of_week, any_day.')],
            },
        ),
        migrations.RemoveConstraint(
            model_name='threshold',
            name='threshold_sides',
        ),
        migrations.AddField(
            model_name='historicalkpi',
            name='family',
            field=models.CharField(blank=True, choices=[('revenue', 'Revenue'), ('growth', 'Growth'), ('customer', 'Customer'), ('reliability', 'Reliability'), ('quality', 'Quality'), ('efficiency', 'Efficiency'), ('risk', 'Risk')], max_length=12),
        ),
        migrations.AddField(
            model_name='historicalkpi',
            name='is_critical',
            field=models.BooleanField(default=False, verbose_name='critical'),
        ),
        migrations.AddField(
            model_name='historicalkpi',
            name='objective',
            field=models.CharField(blank=True, help_text='The business objective it serves, in a sentence.', max_length=300),
        ),
        migrations.AddField(
            model_name='historicalkpi',
            name='review_every_days',
            field=models.PositiveSmallIntegerField(default=90, verbose_name='review every, days'),
        ),
        migrations.AddField(
            model_name='historicalkpi',
            name='reviewed_on',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='historicalkpi',
            name='time_zone',
            field=models.CharField(default='UTC', help_text='Days and hours of learned limits are counted here, such as Europe/Berlin.', max_length=64, validators=[accounts.models.people.validate_zone]),
        ),
        migrations.AddField(
            model_name='historicalthreshold',
            name='breach_facts',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='historicalthreshold',
            name='breach_k',
            field=models.FloatField(default=5.0, verbose_name='breach outside, spreads'),
        ),
        migrations.AddField(
            model_name='historicalthreshold',
            name='mode',
            field=models.CharField(choices=[('static', 'Static limits'), ('baseline', 'Learned limits'), ('both', 'Both, the worse counts')], default=escalations.rules.thresholds.Mode['STATIC'], max_length=8),
        ),
        migrations.AddField(
            model_name='historicalthreshold',
            name='resolution',
            field=models.FloatField(default=0.0, help_text='The smallest step that matters; no spread is taken as less.'),
        ),
        migrations.AddField(
            model_name='historicalthreshold',
            name='warn_facts',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='historicalthreshold',
            name='warn_k',
            field=models.FloatField(default=3.5, help_text='Learned limits: from the median.', verbose_name='warn outside, spreads'),
        ),
        migrations.AddField(
            model_name='kpi',
            name='family',
            field=models.CharField(blank=True, choices=[('revenue', 'Revenue'), ('growth', 'Growth'), ('customer', 'Customer'), ('reliability', 'Reliability'), ('quality', 'Quality'), ('efficiency', 'Efficiency'), ('risk', 'Risk')], max_length=12),
        ),
        migrations.AddField(
            model_name='kpi',
            name='is_critical',
            field=models.BooleanField(default=False, verbose_name='critical'),
        ),
        migrations.AddField(
            model_name='kpi',
            name='objective',
            field=models.CharField(blank=True, help_text='The business objective it serves, in a sentence.', max_length=300),
        ),
        migrations.AddField(
            model_name='kpi',
            name='review_every_days',
            field=models.PositiveSmallIntegerField(default=90, verbose_name='review every, days'),
        ),
        migrations.AddField(
            model_name='kpi',
            name='reviewed_on',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='kpi',
            name='time_zone',
            field=models.CharField(default='UTC', help_text='Days and hours of learned limits are counted here, such as Europe/Berlin.', max_length=64, validators=[accounts.models.people.validate_zone]),
        ),
        migrations.AddField(
            model_name='kpistate',
            name='is_learning',
            field=models.BooleanField(default=False, verbose_name='learning'),
        ),
        migrations.AddField(
            model_name='threshold',
            name='breach_facts',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='threshold',
            name='breach_k',
            field=models.FloatField(default=5.0, verbose_name='breach outside, spreads'),
        ),
        migrations.AddField(
            model_name='threshold',
            name='mode',
            field=models.CharField(choices=[('static', 'Static limits'), ('baseline', 'Learned limits'), ('both', 'Both, the worse counts')], default=escalations.rules.thresholds.Mode['STATIC'], max_length=8),
        ),
        migrations.AddField(
            model_name='threshold',
            name='resolution',
            field=models.FloatField(default=0.0, help_text='The smallest step that matters; no spread is taken as less.'),
        ),
        migrations.AddField(
            model_name='threshold',
            name='warn_facts',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='threshold',
            name='warn_k',
            field=models.FloatField(default=3.5, help_text='Learned limits: from the median.', verbose_name='warn outside, spreads'),
        ),
        migrations.AddConstraint(
            model_name='kpi',
            constraint=models.CheckConstraint(condition=models.Q(('family__in', ['', 'revenue', 'growth', 'customer', 'reliability', 'quality', 'efficiency', 'risk'])), name='kpi_family', violation_error_code='invalid', violation_error_message='family is one of revenue, growth, customer, reliability, quality, efficiency, risk, or empty.'),
        ),
        migrations.AddConstraint(
            model_name='kpi',
            constraint=models.CheckConstraint(condition=models.Q(('review_every_days__gte', 1), ('review_every_days__lte', 3660)), name='kpi_review_every', violation_error_code='invalid', violation_error_message='A KPI is reviewed every 1 to 3660 days.'),
        ),
        migrations.AddConstraint(
            model_name='threshold',
            constraint=models.CheckConstraint(condition=models.Q(('mode__in', ['static', 'baseline', 'both'])), name='threshold_mode', violation_error_code='invalid', violation_error_message='mode is one of static, baseline, both.'),
        ),
        migrations.AddConstraint(
            model_name='threshold',
            constraint=models.CheckConstraint(condition=models.Q(('breach_k__gt', models.F('warn_k')), ('breach_k__lte', 1000), ('warn_k__gt', 0)), name='threshold_k', violation_error_code='invalid', violation_error_message='Learned limits: warn lies above 0 spreads and breach further out, up to 1000.'),
        ),
        migrations.AddConstraint(
            model_name='threshold',
            constraint=models.CheckConstraint(condition=models.Q(('resolution__gte', 0), ('resolution__lte', 1e+300)), name='threshold_resolution', violation_error_code='invalid', violation_error_message='The resolution is 0 or more.'),
        ),
        migrations.AddConstraint(
            model_name='threshold',
            constraint=models.CheckConstraint(condition=models.Q(('mode', 'baseline'), models.Q(('breach_lo__isnull', False), ('direction', 'higher'), ('warn_hi', None), ('warn_lo__isnull', False)), models.Q(('breach_hi__isnull', False), ('direction', 'lower'), ('warn_hi__isnull', False), ('warn_lo', None)), models.Q(('breach_hi__isnull', False), ('breach_lo__isnull', False), ('direction', 'range'), ('warn_hi__isnull', False), ('warn_lo__isnull', False)), _connector='OR'), name='threshold_sides', violation_error_code='invalid', violation_error_message='A KPI that should be high has lower limits, one that should be low upper ones, a range both; only learned limits alone need none.'),
        ),
        migrations.AddField(
            model_name='historicalkpisource',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalkpisource',
            name='kpi',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='escalations.kpi'),
        ),
        migrations.AddField(
            model_name='kpisource',
            name='kpi',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sources', to='escalations.kpi'),
        ),
        migrations.AddField(
            model_name='learnedday',
            name='kpi',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='learned_days', to='escalations.kpi'),
        ),
        migrations.AddConstraint(
            model_name='kpisource',
            constraint=models.UniqueConstraint(fields=('kpi', 'name'), name='kpi_source_name', violation_error_code='unique', violation_error_message='This KPI has that source already.'),
        ),
        migrations.AddConstraint(
            model_name='kpisource',
            constraint=models.UniqueConstraint(condition=models.Q(('is_primary', True)), fields=('kpi',), name='kpi_source_primary', violation_error_code='unique', violation_error_message='A KPI has one primary source.'),
        ),
        migrations.AddConstraint(
            model_name='learnedday',
            constraint=models.UniqueConstraint(fields=('kpi', 'segment', 'day'), name='learned_day_identity', violation_error_code='unique', violation_error_message='This day is learned.'),
        ),
    ]
