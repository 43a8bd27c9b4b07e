"""Settings that would fail later are refused when they are read, in words that name the setting."""

from pathlib import Path

import pytest
from pyrage.x25519 import Identity
from sqlalchemy import make_url

from app.config import Settings, from_environment
from app.errors import ConfigurationError


def settings(**given: str | Path) -> Settings:
    named = {f"COUNTERPOISE_{name.upper()}": str(value) for name, value in given.items()}
    return from_environment({"COUNTERPOISE_SECRET": "ab" * 32, **named})


def refusal(**given: str | Path) -> str:
    with pytest.raises(ConfigurationError) as refused:
        settings(**given)
    return str(refused.value)


def test_a_mistyped_key_of_backups_is_refused() -> None:
    key = str(Identity.generate().to_public())
    assert settings(backup_key=key).backup_key == key
    other = f"{key[:-1]}{'p' if key[-1] == 'q' else 'q'}"
    for wrong in (other, key[:-1], key[1:], f" {key}"):
        assert "COUNTERPOISE_BACKUP_KEY must be the public key" in refusal(backup_key=wrong)
        assert "COUNTERPOISE_BACKUP_KEY must be the public key" in refusal(backup_key=wrong, ledger="ledger")


def test_the_private_key_of_backups_is_refused_and_not_repeated() -> None:
    private = str(Identity.generate())
    said = refusal(backup_key=private)
    assert "COUNTERPOISE_BACKUP_KEY must be the public key" in said
    assert private not in said


@pytest.mark.parametrize(
    "wrong",
    [
        "www.bbc.co.uk/weather",
        "//www.bbc.co.uk/weather",
        "/staff",
        "http://www.bbc.co.uk/weather",
        "javascript:alert(1)",
        "https:weather",
        "https:///weather",
        "https://мир.example/",
        "https://weather.example/été",
        "https://weather.example/\r\nset-cookie: a=b",
        "https://weather.example:port/",
    ],
)
def test_leaving_leads_to_a_whole_address_elsewhere(wrong: str) -> None:
    assert "COUNTERPOISE_LEAVE_TO must be a whole https address" in refusal(leave_to=wrong)


def test_leaving_leads_where_the_setting_says() -> None:
    assert settings(leave_to="https://weather.example/a?b=c").leave_to == "https://weather.example/a?b=c"
    assert settings(leave_to="").leave_to == Settings.leave_to


@pytest.mark.parametrize(
    ("named", "taken"),
    [
        ("postgres://a:b@db/kept?sslmode=require", "postgresql://a:b@db/kept?sslmode=require"),
        ("postgresql+psycopg2://a@db/kept", "postgresql://a@db/kept"),
        ("sqlite+pysqlite:////srv/kept.sqlite", "sqlite:////srv/kept.sqlite"),
        ("postgresql://a@/kept?host=/run/postgresql", "postgresql://a@/kept?host=/run/postgresql"),
    ],
)
def test_a_database_has_one_spelling_whatever_its_address_begins_with(named: str, taken: str) -> None:
    assert settings(database_url=named).database_url == taken


@pytest.mark.parametrize(
    "wrong", ["postgresql://a:hush@db:port/kept", "postgresql://a:hush@[::1/kept", "sqlite://"]
)
def test_an_address_that_leads_to_no_database_is_refused_and_not_repeated(wrong: str) -> None:
    said = refusal(database_url=wrong)
    assert "COUNTERPOISE_DATABASE_URL must be an address such as" in said
    assert "hush" not in said


def with_password(file: Path, content: bytes) -> dict[str, str | Path]:
    file.write_bytes(content)
    return {"database_url": "postgresql://a@db/kept", "database_password_file": file}


@pytest.mark.parametrize("ends", [b"", b"\n", b"\n\n"])
def test_a_password_is_read_from_its_file_as_the_image_of_postgresql_reads_it(
    tmp_path: Path, ends: bytes
) -> None:
    given = with_password(tmp_path / "password", " p@ss:w/ord é ".encode() + ends)
    assert make_url(settings(**given).database_url).password == " p@ss:w/ord é "


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"word\r\n", "a carriage return, as files of Windows do (U+000D)"),
        (b"\tpass\nword\n", "a tab (U+0009), a line feed between two lines (U+000A)"),
        (b"word\0\n", "a NUL (U+0000)"),
        (b"word\x1b\n", "the control character U+001B"),
        (b"\n", "nothing"),
    ],
)
def test_what_no_password_holds_is_named(tmp_path: Path, content: bytes, named: str) -> None:
    said = refusal(**with_password(tmp_path / "password", content))
    assert f"COUNTERPOISE_DATABASE_PASSWORD_FILE names {tmp_path / 'password'}, which holds {named}:" in said
    assert "word" not in said.replace("password", "").replace("PASSWORD", "")


def test_files_of_secrets_that_are_no_text_are_told_as_such(tmp_path: Path) -> None:
    (file := tmp_path / "latin").write_bytes("é".encode("latin-1") * 64)
    said = refusal(database_url="postgresql://a@db/kept", database_password_file=file)
    assert f"{file}, which is not text in UTF-8" in said
    with pytest.raises(ConfigurationError, match="must hold exactly 64 hexadecimal digits"):
        from_environment({"COUNTERPOISE_SECRET_FILE": str(file)}, tmp_path)
    institution = {
        "oidc_issuer": "https://idp.example",
        "oidc_client_id": "us",
        "origin": "https://q.example",
    }
    assert "OIDC_CLIENT_SECRET_FILE" in refusal(**institution, oidc_client_secret_file=file)
