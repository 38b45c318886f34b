from accounts.admin import customers, people, rosters, service_hours, teams

__all__ = ["customers", "people", "rosters", "service_hours", "teams"]
