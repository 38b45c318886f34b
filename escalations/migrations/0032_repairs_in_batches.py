"""Bulk changes of running promises go on a few incidents at a time, each with its own answer."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('escalations', '0031_account_value_by_request'),
    ]

    operations = [
        migrations.CreateModel(
            name='RepairAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_moved', models.BooleanField()),
                ('why', models.CharField(blank=True, max_length=300, verbose_name='why it was kept')),
                ('at', models.DateTimeField()),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='escalations.incident')),
                ('repair', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='escalations.clockrepair')),
            ],
            options={
                'ordering': ['repair', 'incident'],
                'constraints': [models.UniqueConstraint(fields=('repair', 'incident'), name='repair_answer_once', violation_error_code='unique', violation_error_message='This incident has its answer.'), models.CheckConstraint(condition=models.Q(models.Q(('is_moved', True), ('why', '')), models.Q(('is_moved', False), models.Q(('why', ''), _negated=True)), _connector='OR'), name='repair_answer_why', violation_error_code='invalid', violation_error_message='What was kept says why.')],
            },
        ),
        migrations.AddField(
            model_name='clockrepair',
            name='parked_error',
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name='clockrepair',
            name='settle_at',
            field=models.DateTimeField(blank=True, help_text='The next incidents are changed then; empty when all are.', null=True),
        ),
        migrations.AddIndex(
            model_name='clockrepair',
            index=models.Index(condition=models.Q(('settle_at__isnull', False)), fields=['settle_at'], name='repair_settle'),
        ),
        migrations.AddConstraint(
            model_name='clockrepair',
            constraint=models.CheckConstraint(condition=models.Q(('settle_at', None), ('applied_at__isnull', False), _connector='OR'), name='repair_timer', violation_error_code='invalid', violation_error_message='A timer runs once somebody else has applied it.'),
        ),
    ]
