"""URLs of databases: what is refused, and what libpq is told on top of them."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from tokentui.core.errors import StoreUnknown
from tokentui.stores.postgresql.url import conninfo_of


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PGSYSCONFDIR", str(tmp_path / "etc"))
    return tmp_path


def made(url: str) -> dict[str, object]:
    return dict(conninfo_to_dict(conninfo_of(url)))


def service(path: Path, **facts: str) -> None:
    path.parent.mkdir(exist_ok=True)
    lines = [f"{name}={value}" for name, value in facts.items()]
    path.write_text("\n".join(["# services", "[other]", "host=/other", "[tokens]", *lines, ""]))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:secret@db.example/tokens",
        "postgresql://db.example/tokens?password=secret",
        "postgres://:secret@/tokens",
    ],
)
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(StoreUnknown, match=r"put it into ~/\.pgpass") as refused:
        conninfo_of(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["postgresql://h/d?colour=red", "postgresql://h:x/d/%", "postgresql:h"]
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(StoreUnknown, match="postgresql://HOST/DATABASE"):
        conninfo_of(url)


def test_a_dead_host_is_noticed_and_the_primary_is_wanted() -> None:
    told = made("postgresql:///tokens")
    assert (told["target_session_attrs"], told["connect_timeout"]) == ("read-write", "2")
    assert told["tcp_user_timeout"] == "2000"
    assert (told["application_name"], told["dbname"]) == ("tokentui", "tokens")


def test_what_a_url_says_counts() -> None:
    told = made("postgresql:///tokens?connect_timeout=9&target_session_attrs=any&port=5433")
    assert (told["connect_timeout"], told["target_session_attrs"]) == ("9", "any")
    assert told["port"] == "5433"


def test_several_hosts_stay_in_their_order() -> None:
    told = made("postgresql://a.example:5433,b.example/tokens")
    assert (told["host"], told["port"]) == ("a.example,b.example", "5433,")
    assert told["sslmode"] == "verify-full"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///tokens",
        "postgresql:///tokens?host=/run/postgresql",
        "postgresql:///tokens?host=@abstract",
        "postgresql://localhost/tokens",
        "postgresql://127.0.0.1/tokens?sslmode=disable",
        "postgresql://[::1],localhost/tokens",
    ],
)
def test_sockets_and_loopback_need_no_certificate(url: str) -> None:
    assert made(url).get("sslmode") in (None, "disable")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db.example/tokens?sslmode={}",
        "postgresql://localhost,db.example/tokens?sslmode={}",
        "postgresql:///tokens?hostaddr=192.0.2.7&sslmode={}",
    ],
)
@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca"])
def test_far_hosts_are_not_believed_without_a_certificate(url: str, mode: str) -> None:
    with pytest.raises(StoreUnknown, match=f"sslmode={mode} does not verify the host"):
        conninfo_of(url.format(mode))


def test_the_environment_makes_no_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "require")
    with pytest.raises(StoreUnknown, match="sslmode=require does not verify"):
        conninfo_of("postgresql://db.example/tokens")
    monkeypatch.setenv("PGHOST", "db.example")
    with pytest.raises(StoreUnknown, match="sslmode=require does not verify"):
        conninfo_of("postgresql:///tokens")


def test_a_bundle_of_authorities_is_named_that_exists() -> None:
    bundle = made("postgresql://db.example/tokens")["sslrootcert"]
    assert bundle == "system" or Path(str(bundle)).is_file()


def test_a_bundle_of_ones_own_counts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert made("postgresql://db.example/t?sslrootcert=/my/ca.crt")["sslrootcert"] == "/my/ca.crt"
    (home / ".postgresql").mkdir()
    (home / ".postgresql" / "root.crt").touch()
    assert "sslrootcert" not in made("postgresql://db.example/tokens"), "libpq finds it itself"
    monkeypatch.setenv("PGSSLROOTCERT", "/my/ca.crt")
    assert "sslrootcert" not in made("postgresql://db.example/tokens")


@pytest.mark.parametrize("how", ["home", "variable", "system"])
def test_what_a_service_says_counts(home: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = {
        "home": home / ".pg_service.conf",
        "variable": home / "services",
        "system": home / "etc" / "pg_service.conf",
    }[how]
    if how == "variable":
        monkeypatch.setenv("PGSERVICEFILE", str(path))
    service(path, host="db.example", connect_timeout="7", target_session_attrs="any")
    told = made("postgresql:///?service=tokens")
    assert (told["service"], told["sslmode"]) == ("tokens", "verify-full")
    assert {"connect_timeout", "target_session_attrs"}.isdisjoint(told), "the service has them"
    service(path, host="db.example", sslmode="require")
    with pytest.raises(StoreUnknown, match="sslmode=require"):
        conninfo_of("postgresql:///?service=tokens")
    service(path, host="/run/postgresql")
    assert "sslmode" not in made("postgresql:///?service=tokens")


def test_the_service_of_the_environment_counts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service(home / ".pg_service.conf", host="db.example", sslmode="require")
    monkeypatch.setenv("PGSERVICE", "tokens")
    with pytest.raises(StoreUnknown, match="sslmode=require"):
        conninfo_of("postgresql:///")
