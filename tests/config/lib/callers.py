import json

from django.contrib.auth.models import Group

from accounts.models import User


def signed_in(client, username="ana", *, role="agent"):
    """`client`, signed in as a new person in this group (None: in no group)."""
    user = User.objects.create_user(username, password="a-long-password")
    if role:
        user.groups.add(Group.objects.get_or_create(name=role)[0])
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


def said(response, status, code):
    """The problem document, after checking its shape."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = json.loads(response.content)
    assert {"type", "title", "status", "detail", "code", "errors"} <= body.keys()
    assert body["status"] == status
    assert body["detail"]
    assert body["code"] == code, body
    return body
