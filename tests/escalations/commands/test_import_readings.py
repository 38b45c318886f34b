from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from escalations.models import KpiState, Reading, Threshold
from tests.escalations.conftest import START, WORKED_VALUES, Sender, make_kpi

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(sender, tmp_path, capsys):
    def run(content, *options, kpi=sender.kpi.code):
        path = tmp_path / "readings.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        call_command("import_readings", str(path), "--kpi", kpi, *options)
        return capsys.readouterr().out

    return run


def csv_of(values, separator=","):
    lines = [f"timestamp{separator}value"]
    lines += [f"2026-03-02 {hour:02}:00:00{separator}{v}" for hour, v in enumerate(values)]
    return "\n".join(lines) + "\n"


def test_a_file_is_stored_judged_and_its_flips_are_printed(run):
    out = run(csv_of(WORKED_VALUES), "--segment", "emea")
    assert "15 stored, 0 duplicate, 0 revised, 0 suspect" in out
    assert "2026-03-02 06:00 warn to breach (2.3 %)" in out
    assert KpiState.objects.get().segment == "emea"
    assert Reading.objects.earliest("at").at == START


def test_importing_twice_stores_nothing_twice(run):
    run(csv_of(WORKED_VALUES))
    assert "0 stored, 15 duplicate" in run(csv_of(WORKED_VALUES))
    assert Reading.objects.count() == 15


def test_a_dry_run_keeps_nothing(run):
    assert "15 stored" in run(csv_of(WORKED_VALUES), "--dry-run")
    assert not Reading.objects.exists() and not KpiState.objects.exists()


def test_naive_times_are_in_the_zone_named(run):
    run(
        "when;n\n2026-07-01 02:00;3\n",
        "--tz",
        "Europe/Berlin",
        "--time-column",
        "when",
        "--value-column",
        "n",
    )
    assert Reading.objects.get().at.hour == 0


def test_an_utf8_mark_and_windows_line_ends_are_read(run):
    assert "1 stored" in run(b"\xef\xbb\xbftimestamp,value\r\n2026-03-02T00:00Z,3\r\n")


def test_every_bad_row_is_named_by_line_and_column(run, capsys):
    content = (
        "timestamp,value\n2026-03-02,3\nnever,3\n2026-03-02T01:00,=1+1\n"
        "2026-03-02T02:00,inf\n2026-03-02T03:00\n,1_0\n"
    )
    with pytest.raises(CommandError, match="6 problems"):
        run(content)
    named = [line.split(": ")[0] for line in capsys.readouterr().err.splitlines()]
    assert named == [
        "line 3, column timestamp",
        "line 4, column value",
        "line 5, column value",
        "line 6, column value",
        "line 7, column timestamp",
        "line 7, column value",
    ]
    assert not Reading.objects.exists()


def test_a_bad_cell_carries_its_code(run, capsys):
    with pytest.raises(CommandError):
        run("timestamp,value\nnever,3\n2026-03-02,=1+1\n")
    assert capsys.readouterr().err.splitlines() == [
        "line 2, column timestamp: 'never' is not a time (not_a_time)",
        "line 3, column value: '=1+1' is not a finite number (not_a_number)",
    ]


def test_no_more_than_fifty_bad_rows_are_printed(run, capsys):
    with pytest.raises(CommandError, match="10 more not shown"):
        run(csv_of([]) + "never,3\n" * 60)
    assert len(capsys.readouterr().err.splitlines()) == 50


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        (b"", "is empty"),
        (" \n\n", "is empty"),
        ('[{"kpi": 1}]'.encode("utf-16"), "not UTF-8"),
        ("timestamp,value\n2026-03-02,3\n".encode("utf-16"), "not UTF-8"),
        ("timestamp,value\n2026-03-02,\u0663\n", "1 problems"),
        ("timestamp,value\n2026-03-02,1e999\n", "1 problems"),
        ("timestamp,value\n2026-03-02,NaN\n", "1 problems"),
        ('timestamp,value\n2026-03-02,"=HYPERLINK(1)"\n', "1 problems"),
        ("timestamp,value\n2026-03-02,@SUM(1)\n", "1 problems"),
        ('timestamp,value\n2026-03-02,"1,5"\n', "1 problems"),
        ("timestamp,value,value\n2026-03-02,1,2\n", "two columns are named value"),
        ("timestamp,value\n", "no readings"),
        ("time,value\n1,2\n", "no column timestamp"),
        (b"timestamp,value\n\xff\xfe,2\n", "not UTF-8"),
        (b"timestamp,value\n2026-03-02,\x00\n", "line 2: NUL"),
        ('timestamp,value\n"2026-03-02,3\n', "1 problems"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(run, content, said):
    with pytest.raises(CommandError, match=said):
        run(content)
    assert not Reading.objects.exists() and not KpiState.objects.exists()


def test_an_unknown_kpi_a_missing_file_and_a_directory_are_refused(run, sender, tmp_path):
    with pytest.raises(CommandError, match="no KPI 'nothing'"):
        run(csv_of([3]), kpi="nothing")
    for path, said in ((tmp_path / "none.csv", "no file"), (tmp_path, "is a directory")):
        with pytest.raises(CommandError, match=said):
            call_command("import_readings", str(path), "--kpi", sender.kpi.code)


def test_only_the_states_of_its_kpi_are_judged(run):
    other = Sender(make_kpi("other"))
    other.send(other.row(0, 3.1))
    run(csv_of(WORKED_VALUES))
    assert other.state().dirty_from == START


def test_a_check_that_fails_says_that_the_readings_are_stored(run, sender):
    Threshold.objects.filter(kpi=sender.kpi).delete()
    with pytest.raises(CommandError, match="are stored, but .* has no thresholds yet"):
        run(csv_of(WORKED_VALUES))
    assert Reading.objects.count() == 15
