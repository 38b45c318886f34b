from email import message_from_bytes, policy

import pytest
from django.core.mail import EmailMessage, get_connection

BACKEND = "config.lib.mailbox.FolderBackend"


@pytest.fixture
def folder(settings, tmp_path):
    settings.MAIL_DIR = tmp_path / "mail"
    return settings.MAIL_DIR


def mail(subject="INC-7 is yours", to=("ana@example.com",)):
    return EmailMessage(subject, "Why you got this: Grüße", "belay@example.com", list(to))


def test_each_message_is_one_file_and_nothing_else(folder):
    sent = get_connection(BACKEND).send_messages([mail(), mail("INC-8"), mail(to=())])
    assert sent == 2
    files = sorted(folder.iterdir())
    assert [file.suffix for file in files] == [".eml", ".eml"]
    assert not any(file.name.startswith(".") for file in files)
    first = message_from_bytes(files[0].read_bytes(), policy=policy.default)
    assert first["Subject"] == "INC-7 is yours"
    assert "Grüße" in first.get_content()


def test_names_sort_by_time_and_carry_the_message_id(folder):
    connection = get_connection(BACKEND)
    for number in range(5):
        message = mail(f"INC-{number}")
        message.extra_headers["Message-ID"] = f"<notice/{number}@belay>"
        connection.send_messages([message])
    names = sorted(file.name for file in folder.iterdir())
    assert [name.split("Z-")[1] for name in names] == [f"notice-{n}.eml" for n in range(5)]


def test_a_folder_that_cannot_be_written_raises_unless_silent(settings, tmp_path):
    settings.MAIL_DIR = tmp_path / "file"
    settings.MAIL_DIR.write_text("in the way")
    with pytest.raises(OSError):
        get_connection(BACKEND).send_messages([mail()])
    assert get_connection(BACKEND, fail_silently=True).send_messages([mail()]) == 0
