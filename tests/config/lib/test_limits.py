from io import BytesIO

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from config.lib.limits import BodyLimitMiddleware, limit_for
from tests.config.lib.callers import said, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.config.lib.sample_api")]


class CountingStream(BytesIO):
    taken = 0

    def read(self, size=-1):
        part = super().read(size)
        self.taken += len(part)
        return part


def answer(stream, path="/api/v1/echo/", **environ):
    """What the limit says about a raw request; 200 with the body when it lets it through."""
    request = RequestFactory().post(path)
    for name in ("CONTENT_LENGTH",):
        request.META.pop(name, None)
    request.META |= {"wsgi.input": stream} | environ
    return BodyLimitMiddleware(lambda r: HttpResponse(r.read()))(request)


def test_readings_may_be_larger_than_the_rest():
    assert limit_for("/api/v1/readings/") == 8 * 2**20
    assert limit_for("/v2/enqueue") == 512 * 2**10
    assert limit_for("/api/v1/signals/") == 2**20


def test_a_body_at_the_limit_passes_and_one_byte_more_does_not(client, settings):
    settings.BODY_LIMIT = 20
    signed_in(client)
    url, kind = "/api/v1/echo/", "application/json"
    fits, over = '{"a": "' + "x" * 11 + '"}', '{"a": "' + "x" * 12 + '"}'
    assert (len(fits), len(over)) == (20, 21)
    assert client.post(url, fits, content_type=kind).status_code == 200
    said(client.post(url, over, content_type=kind), 413, "body_too_large")


def test_a_stated_length_is_judged_without_reading():
    stream = CountingStream(b"x" * 100)
    said(answer(stream, CONTENT_LENGTH=str(2**20 + 1)), 413, "body_too_large")
    said(answer(stream, CONTENT_LENGTH="9" * 5000), 413, "body_too_large")
    assert stream.taken == 0


@pytest.mark.parametrize("length", ["-1", "1e3", "ten", "1 2", "\u0661"])
def test_a_length_that_is_no_number_is_refused(length):
    said(answer(BytesIO(), CONTENT_LENGTH=length), 400, "bad_content_length")


def test_a_chunked_body_is_read_one_byte_past_the_limit(settings):
    settings.BODY_LIMIT = 10
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    stream = CountingStream(b"x" * 1000)
    said(answer(stream, **chunked), 413, "body_too_large")
    assert stream.taken == 11
    response = answer(BytesIO(b"0123456789"), **chunked)
    assert (response.status_code, response.content) == (200, b"0123456789")


def test_a_chunked_body_without_an_end_mark_is_not_waited_for():
    said(answer(BytesIO(b"x"), HTTP_TRANSFER_ENCODING="chunked"), 411, "length_required")


def test_a_page_is_told_in_words(settings):
    response = answer(BytesIO(), path="/page/", CONTENT_LENGTH=str(2**21))
    assert response.status_code == 413
    assert response["Content-Type"] == "text/plain"
