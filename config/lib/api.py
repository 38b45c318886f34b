"""Ground of the API: pages by cursor, strict JSON, and who may call at all."""

from __future__ import annotations

from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.permissions import IsAuthenticated


class CursorPages(CursorPagination):
    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
    ordering = "-pk"


class StrictJSONParser(JSONParser):
    pass


class HasAnyRole(IsAuthenticated):
    pass
