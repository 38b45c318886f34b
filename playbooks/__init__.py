"""What to do: playbooks and their runs. The nouns land with the verbs that use them."""
