import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_stamp'),
        ('escalations', '0021_saved_views'),
    ]

    operations = [
        migrations.AddField(
            model_name='historicalpolicy',
            name='approvals_needed',
            field=models.PositiveSmallIntegerField(default=2, help_text='People who must approve a version, beside whoever asks.'),
        ),
        migrations.AddField(
            model_name='policy',
            name='approvals_needed',
            field=models.PositiveSmallIntegerField(default=2, help_text='People who must approve a version, beside whoever asks.'),
        ),
        migrations.AddConstraint(
            model_name='policy',
            constraint=models.CheckConstraint(condition=models.Q(('approvals_needed__gte', 1), ('approvals_needed__lte', 9)), name='policy_approvals', violation_error_code='invalid', violation_error_message='A version needs 1 to 9 approvals.'),
        ),
        migrations.AddConstraint(
            model_name='policyversion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['approved', 'scheduled']), _negated=True), models.Q(('sha256', ''), _negated=True), _connector='OR'), name='policy_version_approved_is_hashed', violation_error_code='invalid', violation_error_message='What is approved has the hash of what it says.'),
        ),
        migrations.CreateModel(
            name='ChangeRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('title', models.CharField(max_length=160)),
                ('reason', models.CharField(max_length=1000)),
                ('asked_at', models.DateTimeField()),
                ('round', models.PositiveSmallIntegerField(default=1)),
                ('state', models.CharField(choices=[('in_review', 'In review'), ('sent_back', 'Sent back'), ('scheduled', 'Scheduled'), ('in_force', 'In force'), ('withdrawn', 'Withdrawn'), ('expired', 'Taken back')], default='in_review', max_length=10)),
                ('needed', models.PositiveSmallIntegerField(default=2, verbose_name='approvals needed')),
                ('is_emergency', models.BooleanField(default=False)),
                ('effective_from', models.DateTimeField(blank=True, null=True)),
                ('effective_at', models.DateTimeField(blank=True, null=True)),
                ('settle_at', models.DateTimeField(blank=True, null=True)),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('stopped_why', models.CharField(blank=True, max_length=400)),
                ('parked_error', models.CharField(blank=True, max_length=300)),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-asked_at', '-pk'],
                'permissions': [('approve_policy', 'Can approve changes of the rules, or send them back')],
                'indexes': [models.Index(condition=models.Q(('settle_at__isnull', False)), fields=['settle_at'], name='change_request_settle'), models.Index(fields=['state', '-asked_at'], name='change_request_list')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['in_review', 'sent_back', 'scheduled', 'in_force', 'withdrawn', 'expired'])), name='change_request_state', violation_error_code='invalid', violation_error_message='state is one of in_review, sent_back, scheduled, in_force, withdrawn, expired.'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='change_request_reason', violation_error_code='invalid', violation_error_message='Say why.'), models.CheckConstraint(condition=models.Q(('needed__gte', 1), ('needed__lte', 9)), name='change_request_needed', violation_error_code='invalid', violation_error_message='1 to 9 approvals.'), models.CheckConstraint(condition=models.Q(('round__gte', 1)), name='change_request_round', violation_error_code='invalid', violation_error_message='Rounds are counted from 1.'), models.CheckConstraint(condition=models.Q(('is_emergency', False), ('effective_from', None), _connector='OR'), name='change_request_emergency_now', violation_error_code='invalid', violation_error_message='An emergency waits for no date.'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['scheduled', 'in_force', 'expired']), _negated=True), ('effective_at__isnull', False), _connector='OR'), name='change_request_effective', violation_error_code='invalid', violation_error_message='What is approved has its instant.'), models.CheckConstraint(condition=models.Q(models.Q(models.Q(('state', 'scheduled'), _negated=True), ('settle_at', None)), models.Q(('settle_at__isnull', False), ('state', 'scheduled')), models.Q(('confirmed_at', None), ('is_emergency', True), ('state', 'in_force')), _connector='OR'), name='change_request_timer', violation_error_code='invalid', violation_error_message='A timer runs while it is scheduled, or in force and not confirmed.'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', False), ('state__in', ['withdrawn', 'expired'])), models.Q(models.Q(('state__in', ['withdrawn', 'expired']), _negated=True), ('ended_at', None)), _connector='OR'), name='change_request_ended', violation_error_code='invalid', violation_error_message='What ended says when.')],
            },
        ),
        migrations.CreateModel(
            name='Change',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('policy_version', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='escalations.policyversion')),
                ('replaced', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='escalations.policyversion')),
                ('restores', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='escalations.policyversion')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='escalations.changerequest')),
            ],
            options={
                'ordering': ['request', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('policy_version__isnull', False)), name='change_of_one_version', violation_error_code='invalid', violation_error_message='A change is of one version.'), models.UniqueConstraint(fields=('request', 'policy_version'), name='change_once', violation_error_code='unique', violation_error_message='It is in there already.')],
            },
        ),
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.PositiveSmallIntegerField()),
                ('verdict', models.CharField(choices=[('asked', 'asked'), ('approved', 'approved'), ('sent_back', 'sent back')], max_length=10)),
                ('comment', models.CharField(blank=True, max_length=1000)),
                ('at', models.DateTimeField()),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='approvals', to='escalations.changerequest')),
            ],
            options={
                'ordering': ['request', 'id'],
                'indexes': [models.Index(fields=['-at'], name='approval_log')],
                'constraints': [models.UniqueConstraint(fields=('request', 'round', 'person'), name='approval_one_word', violation_error_code='already_answered', violation_error_message='One word each in a round, and whoever asked has had it.'), models.UniqueConstraint(condition=models.Q(('verdict', 'asked')), fields=('request', 'round'), name='approval_one_author', violation_error_code='unique', violation_error_message='One person asks in a round.'), models.CheckConstraint(condition=models.Q(('verdict__in', ['asked', 'approved', 'sent_back'])), name='approval_verdict', violation_error_code='invalid', violation_error_message='verdict is one of asked, approved, sent_back.'), models.CheckConstraint(condition=models.Q(('round__gte', 1)), name='approval_round', violation_error_code='invalid', violation_error_message='Rounds are counted from 1.'), models.CheckConstraint(condition=models.Q(models.Q(('verdict', 'sent_back'), _negated=True), models.Q(('comment', ''), _negated=True), _connector='OR'), name='approval_says_why', violation_error_code='invalid', violation_error_message='Say what is to be mended.')],
            },
        ),
        migrations.CreateModel(
            name='AnsweredWarning',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.PositiveSmallIntegerField()),
                ('key', models.CharField(max_length=16)),
                ('code', models.CharField(max_length=40)),
                ('where', models.CharField(max_length=200)),
                ('sentence', models.CharField(max_length=600)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='warnings', to='escalations.changerequest')),
            ],
            options={
                'ordering': ['request', 'id'],
                'constraints': [models.UniqueConstraint(fields=('request', 'round', 'key'), name='answered_warning_once', violation_error_code='unique', violation_error_message='Read already.')],
            },
        ),
        migrations.CreateModel(
            name='ChangeReader',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('told_at', models.DateTimeField()),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='readers', to='escalations.changerequest')),
            ],
            options={
                'ordering': ['request', 'id'],
                'constraints': [models.UniqueConstraint(fields=('request', 'person'), name='change_reader_once', violation_error_code='unique', violation_error_message='They were told already.'), models.CheckConstraint(condition=models.Q(('read_at', None), ('read_at__gte', models.F('told_at')), _connector='OR'), name='change_reader_order', violation_error_code='invalid', violation_error_message='It is read after it is told.')],
            },
        ),
        migrations.CreateModel(
            name='Suggestion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('about', models.CharField(blank=True, max_length=160)),
                ('text', models.CharField(max_length=1000)),
                ('suggested_at', models.DateTimeField()),
                ('answer', models.CharField(blank=True, max_length=1000)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('answered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('incident', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='suggestions', to='escalations.incident')),
                ('policy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='suggestions', to='escalations.policy')),
                ('suggested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-suggested_at', '-pk'],
                'indexes': [models.Index(condition=models.Q(('answered_at', None)), fields=['-suggested_at'], name='suggestion_open')],
                'constraints': [models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='suggestion_text', violation_error_code='invalid', violation_error_message='Say what should be otherwise.'), models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_at', None)), models.Q(('answered_at__isnull', False), models.Q(('answer', ''), _negated=True)), _connector='OR'), name='suggestion_answer', violation_error_code='invalid', violation_error_message='An answer says something.'), models.CheckConstraint(condition=models.Q(models.Q(('answered_at__isnull', True), ('answered_by__isnull', True)), models.Q(('answered_at__isnull', False), ('answered_by__isnull', False)), _connector='OR'), name='suggestion_answered_at_with_answered_by', violation_error_code='unpaired', violation_error_message='answered_at and answered_by are set together or not at all.')],
            },
        ),
        migrations.CreateModel(
            name='HistoricalChangeRequest',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('title', models.CharField(max_length=160)),
                ('reason', models.CharField(max_length=1000)),
                ('asked_at', models.DateTimeField()),
                ('round', models.PositiveSmallIntegerField(default=1)),
                ('state', models.CharField(choices=[('in_review', 'In review'), ('sent_back', 'Sent back'), ('scheduled', 'Scheduled'), ('in_force', 'In force'), ('withdrawn', 'Withdrawn'), ('expired', 'Taken back')], default='in_review', max_length=10)),
                ('needed', models.PositiveSmallIntegerField(default=2, verbose_name='approvals needed')),
                ('is_emergency', models.BooleanField(default=False)),
                ('effective_from', models.DateTimeField(blank=True, null=True)),
                ('effective_at', models.DateTimeField(blank=True, null=True)),
                ('settle_at', models.DateTimeField(blank=True, null=True)),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('stopped_why', models.CharField(blank=True, max_length=400)),
                ('history_change_reason', models.TextField(null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('author', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical change request',
                'verbose_name_plural': 'historical change requests',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalChange',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('history_change_reason', models.TextField(null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('policy_version', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='escalations.policyversion')),
                ('replaced', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='escalations.policyversion')),
                ('request', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='escalations.changerequest')),
                ('restores', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='escalations.policyversion')),
            ],
            options={
                'verbose_name': 'historical change',
                'verbose_name_plural': 'historical changes',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalSuggestion',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('about', models.CharField(blank=True, max_length=160)),
                ('text', models.CharField(max_length=1000)),
                ('suggested_at', models.DateTimeField()),
                ('answer', models.CharField(blank=True, max_length=1000)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('history_change_reason', models.TextField(null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('answered_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('incident', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='escalations.incident')),
                ('policy', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='escalations.policy')),
                ('suggested_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical suggestion',
                'verbose_name_plural': 'historical suggestions',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
    ]
