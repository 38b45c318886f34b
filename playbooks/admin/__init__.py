from playbooks.admin import playbooks, runs, templates

__all__ = ["playbooks", "runs", "templates"]
