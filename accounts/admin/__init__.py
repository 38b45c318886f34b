from accounts.admin import access, customers, people, rosters, service_hours, teams

__all__ = ["access", "customers", "people", "rosters", "service_hours", "teams"]
