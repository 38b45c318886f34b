"""What to do: the library of playbooks with their versions, runs, and message templates."""
