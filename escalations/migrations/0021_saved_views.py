import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_stamp'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('escalations', '0020_queues_in_their_order'),
    ]

    operations = [
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('is_for_all', models.BooleanField(default=False)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('q', models.CharField(blank=True, max_length=200, verbose_name='search')),
                ('severity', models.CharField(blank=True, max_length=20)),
                ('owner', models.CharField(blank=True, choices=[('', 'Anybody'), ('me', 'Whoever looks'), ('none', 'Nobody'), ('person', 'One person')], max_length=8)),
                ('clock', models.CharField(blank=True, max_length=8)),
                ('state', models.CharField(blank=True, max_length=120)),
                ('kind', models.CharField(blank=True, max_length=60)),
                ('area', models.CharField(blank=True, max_length=80)),
                ('ladder', models.CharField(blank=True, max_length=2)),
                ('age', models.CharField(blank=True, max_length=4)),
                ('sort', models.CharField(blank=True, max_length=8)),
                ('made_at', models.DateTimeField()),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('account', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account')),
                ('deleted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('of_team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.team')),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.team')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['position', 'pk'],
                'permissions': [('share_view', 'May share views of the queue with everybody')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('is_for_all', False), ('team', None), ('user__isnull', False)), models.Q(('is_for_all', False), ('team__isnull', False), ('user', None)), models.Q(('is_for_all', True), ('team', None), ('user', None)), _connector='OR'), name='saved_view_scope', violation_error_code='invalid', violation_error_message='A view is for one person, for one team or for everybody.'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='saved_view_name', violation_error_code='invalid', violation_error_message='Give the view a name.'), models.CheckConstraint(condition=models.Q(('owner__in', ['', 'me', 'none', 'person'])), name='saved_view_owner', violation_error_code='invalid', violation_error_message='owner is one of , me, none, person.'), models.CheckConstraint(condition=models.Q(models.Q(('owner', 'person'), ('person__isnull', False)), models.Q(models.Q(('owner', 'person'), _negated=True), ('person', None)), _connector='OR'), name='saved_view_person', violation_error_code='invalid', violation_error_message="One person's incidents: say whose."), models.UniqueConstraint(condition=models.Q(('deleted_at', None), ('user__isnull', False)), fields=('user', 'name'), name='saved_view_own_name', violation_error_code='unique', violation_error_message='You have a view of this name.'), models.UniqueConstraint(condition=models.Q(('deleted_at', None), ('team__isnull', False)), fields=('team', 'name'), name='saved_view_team_name', violation_error_code='unique', violation_error_message='The team has a view of this name.'), models.UniqueConstraint(condition=models.Q(('deleted_at', None), ('is_for_all', True)), fields=('name',), name='saved_view_shared_name', violation_error_code='unique', violation_error_message='Everybody has a view of this name.'), models.CheckConstraint(condition=models.Q(models.Q(('deleted_at__isnull', True), ('deleted_by__isnull', True)), models.Q(('deleted_at__isnull', False), ('deleted_by__isnull', False)), _connector='OR'), name='savedview_deleted_at_with_deleted_by', violation_error_code='unpaired', violation_error_message='deleted_at and deleted_by are set together or not at all.')],
            },
        ),
        migrations.CreateModel(
            name='StartView',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='start_view', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('view', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='starts', to='escalations.savedview')),
            ],
        ),
    ]
