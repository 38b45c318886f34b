"""A right to read the monthly letter to the board."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('escalations', '0028_other_versions_by_request'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='incident',
            options={'permissions': [('respond_incident', 'May claim, acknowledge and work incidents'), ('triage_incident', 'May set severity, category and team'), ('confirm_containment', 'May confirm that an incident is contained'), ('cancel_incident', 'May cancel and merge incidents'), ('waive_review', 'May waive a review that the rules ask for'), ('oversee_incidents', 'Sees incidents of private teams too'), ('view_board', 'Reads the monthly letter to the board'), ('send_signals', 'May send signals and readings')]},
        ),
    ]
