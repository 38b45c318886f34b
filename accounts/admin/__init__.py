from accounts.admin import access, contact_methods, customers, people, rosters, service_hours, teams

__all__ = ["access", "contact_methods", "customers", "people", "rosters", "service_hours", "teams"]
