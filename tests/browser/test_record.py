"""The record and the tables in both looks."""

from __future__ import annotations

import pytest

from escalations.services.seals import seal_all, verify_record
from tests.browser.conftest import LOOKS


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


def test_the_record_is_read_and_a_file_with_errors_is_refused(screen, company, at, tmp_path):
    seal_all(at)
    verify_record(at)
    screen.sign_in("governor")
    screen.open("/record/")
    screen.page.get_by_text("Intact:").wait_for()
    screen.hold()
    screen.open("/tables/")
    screen.hold()
    screen.page.get_by_role("link", name="Import Accounts").click()
    screen.hold()
    file = tmp_path / "list.csv"
    file.write_text("external_id,name,segment\nx,Y,odd\n")
    screen.page.get_by_label("CSV file").set_input_files(file)
    screen.page.get_by_label("Why this change").fill("List")
    screen.complaints.clear()
    screen.page.get_by_role("button", name="Read the file").click()
    screen.page.get_by_text("Nothing was kept", exact=True).wait_for()
    # The browser itself says that the answer was a 400.
    screen.complaints = [each for each in screen.complaints if "400" not in each]
    screen.hold()
