"""Settings: where each comes from, and what is said where one is wrong."""

from datetime import timedelta
from pathlib import Path

import pytest

from tokentui import config
from tokentui.config import BUILT_IN, Settings, load
from tokentui.core.errors import InvalidSetting


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Return the file that `loaded` reads."""
    return tmp_path / "config.toml"


def loaded(written: Path, text: str = "", store: str | None = None, **environ: str) -> Settings:
    if text or not written.exists():
        written.write_text(text)
    return load(store, {"TOKENTUI_CONFIG": str(written), **environ})


def test_without_a_file_all_is_built_in(written: Path) -> None:
    settings = load(None, {"XDG_CONFIG_HOME": str(written.parent), "HOME": str(written.parent)})
    assert set(settings.sources.values()) == {BUILT_IN}
    assert (settings.hash_cost, settings.prefix, settings.max_life) == (10, "tt", None)


def test_flags_beat_the_environment_and_that_beats_the_file(written: Path) -> None:
    text = 'store = "/file"\nhash_cost = 6\nsoon_days = 3\n'
    settings = loaded(written, text, TOKENTUI_HASH_COST="8", TOKENTUI_STORE="/environment")
    assert (settings.store, settings.hash_cost) == ("/environment", 8)
    assert settings.soon == timedelta(days=3)
    assert settings.sources["hash_cost"] == "TOKENTUI_HASH_COST"
    assert settings.sources["soon_days"] == f"{written}, line 3"
    settings = loaded(written, text, "/flag", TOKENTUI_STORE="/environment")
    assert (settings.store, settings.sources["store"]) == ("/flag", "--store")


def test_each_setting_by_file_and_by_environment(written: Path) -> None:
    values = {
        "store": "/data/tokens.json",
        "usage": "/data/used.json",
        "prefix": "acme_2",
        "hash_cost": 12,
        "soon_days": 0,
        "default_life": "4w",
        "max_life": "1y",
        "first_weekday": "Sunday",
        "date_format": "british",
        "theme": "nord",
        "mouse": False,
        "read_only": True,
        "lock_after": 30,
        "audit": "tried",
        "audit_anchor": "/elsewhere/anchor",
        "audit_syslog": "/dev/log",
    }
    assert values.keys() | {"keys"} == config.SETTINGS.keys()
    text = "\n".join(
        f"{name} = {str(value).lower() if isinstance(value, bool | int) else repr(value)}"
        for name, value in values.items()
    )
    by_file = loaded(written, text)
    written.unlink()
    by_environment = loaded(
        written, **{config.variable(name): str(value) for name, value in values.items()}
    )
    shown = {name: config.shown(by_file, name) for name in values}
    assert shown == {name: config.shown(by_environment, name) for name in values}
    assert shown == values | {"default_life": "28d", "max_life": "365d", "first_weekday": "sunday"}


@pytest.mark.parametrize(
    "text",
    [
        '[keys]\n"list.create" = "n"\nlist.revoke = "x"',
        '[keys.list]\ncreate = "n"\nrevoke = "x"',
        'keys."list.create" = "n"\n\nkeys.list.revoke = "x"',
    ],
)
def test_keys_of_the_file_and_of_the_environment_are_one(written: Path, text: str) -> None:
    settings = loaded(
        written, f"mouse = false\n{text}", TOKENTUI_KEYS="list.revoke=r,delete; a.b=="
    )
    assert settings.keys == {"list.create": "n", "list.revoke": "r,delete", "a.b": "="}
    line = 1 + next(n for n, line in enumerate(text.splitlines(), 1) if "create" in line)
    assert settings.sources["keys.list.create"] == f"{written}, line {line}"
    assert settings.sources["keys.list.revoke"] == "TOKENTUI_KEYS"


def test_keys_for_one_action_in_two_places_are_refused(written: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"_KEYS must be actions .*list\.a occurs twice"):
        loaded(written, "", TOKENTUI_KEYS="list.a=n; list.b=x; list.a=y")


def test_all_that_is_unknown_is_told_at_once(written: Path) -> None:
    said = 'line 1: There is no setting "hashcost".* .*line 3: There is no setting "colour"'
    with pytest.raises(InvalidSetting, match=said):
        loaded(written, "hashcost = 3\nmouse = true\n[colour]\nmouse = 1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('keys = "list.create"', "keys in .*, line 1 must be actions with their keys"),
        ("[keys]\nlist.create = 5", "line 1 must be actions"),
        ("keys = 5", "must be actions with their keys"),
        ("hash_cost = 3", "hash_cost in .*, line 1 must be a whole number from 4 to 14, not 3"),
        ("\n# x\nhash_cost = true", "line 3 must be a whole number"),
        ('hash_cost = "ten"', "not 'ten'"),
        ("soon_days = -1", "from 0 to 3650"),
        ('prefix = "Tt"', "starting with a letter"),
        ('prefix = "a_prefix_that_is_too_long"', "up to 16"),
        ('default_life = "soon"', "such as 90d"),
        ("max_life = 5", "such as 90d"),
        ('first_weekday = "mo"', "one of monday"),
        ('mouse = "perhaps"', "true or false"),
        ("theme = 1", "text"),
        ('date_format = "us"', "one of iso, european, british, american, not 'us'"),
        ('store = ""', "text"),
        ("hashcost = 3", 'line 1: There is no setting "hashcost". Did you mean "hash_cost"?'),
        ("\n[colour]\nx = 1", 'line 2: There is no setting "colour". The settings are store'),
        ('"mouse pad" = 1', 'line 1: There is no setting "mouse pad". Did you mean "mouse"?'),
        ("hash_cost = ", "is not valid TOML"),
        pytest.param(f"hash_cost = {'1' * 5000}", "is not valid TOML", id="digits"),
        pytest.param(f"hash_cost = 0x{'f' * 5000}", "from 4 to 14", id="hex digits"),
        pytest.param(f"theme = {'[' * 5000}", "is not valid TOML", id="brackets"),
        ("prefix = inf", "starting with a letter"),
        ('max_life = "101y"', "up to 100 years"),
        ("hash_cost = 4\nhash_cost = 5", "is not valid TOML"),
        (
            'default_life = "2y"\nmax_life = "1y"',
            r"line 1\) exceeds max_life \(.*line 2\)",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(written: Path, text: str, said: str) -> None:
    with pytest.raises(InvalidSetting, match=said):
        loaded(written, text)


@pytest.mark.parametrize("path", ["nowhere.toml", "~no-such-user/x.toml"])
def test_a_file_that_was_named_has_to_be_there(path: str) -> None:
    with pytest.raises(InvalidSetting, match="TOKENTUI_CONFIG"):
        load(None, {"TOKENTUI_CONFIG": path})


def test_flags_that_are_not_given_say_nothing(written: Path) -> None:
    written.write_text('theme = "nord"\nmouse = true\n')
    settings = load(
        None, {"TOKENTUI_CONFIG": str(written)}, theme=None, mouse=False, read_only=None
    )
    assert (settings.theme, settings.mouse, settings.read_only) == ("nord", False, False)
    assert settings.sources["theme"] == f"{written}, line 1"
    assert settings.sources["mouse"] == "--no-mouse"
    assert settings.sources["read_only"] == BUILT_IN


def test_a_wrong_variable_is_named(written: Path) -> None:
    with pytest.raises(InvalidSetting, match="TOKENTUI_HASH_COST must be a whole number"):
        loaded(written, TOKENTUI_HASH_COST="x")


def test_the_longest_life_shortens_the_one_that_is_built_in(written: Path) -> None:
    settings = loaded(written, 'max_life = "30d"')
    assert settings.default_life == settings.max_life == timedelta(days=30)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.write_bytes(b"\xff")])
def test_a_file_that_cannot_be_read_is_no_empty_one(written: Path, make: object) -> None:
    assert callable(make)
    make(written)
    with pytest.raises(InvalidSetting):
        loaded(written)


def test_what_is_shown_can_be_written(written: Path) -> None:
    text = 'usage = "/used"\nmax_life = "2y"\ntheme = "nord"\nmouse = false\nkeys.list.create = "n"'
    text += '\naudit_anchor = "/anchor"\naudit_syslog = "/dev/log"'
    settings = loaded(written, text)
    for name in config.SETTINGS:
        value = config.shown(settings, name)
        assert config.SETTINGS[name].read(value) == getattr(settings, config.SETTINGS[name].field)


@pytest.mark.parametrize("begin", ["\ufeff", ""])
def test_a_file_of_another_system_is_read(written: Path, begin: str) -> None:
    written.write_text(f'{begin}hash_cost = 6\r\n[keys]\r\nlist.create = "n"\r\n', newline="")
    settings = loaded(written)
    assert (settings.hash_cost, settings.keys) == (6, {"list.create": "n"})
    assert settings.sources["keys.list.create"].endswith("line 3")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TOKENTUI_HASHCOST", "TOKENTUI_HASH_COST"),
        ("TOKENUI_STORE", "TOKENTUI_STORE"),
        ("TokenTUI_Store", "TOKENTUI_STORE"),
        ("TOKENTUI_CONFG", "TOKENTUI_CONFIG"),
    ],
)
def test_a_variable_that_is_misspelt_is_refused(written: Path, name: str, meant: str) -> None:
    with pytest.raises(InvalidSetting, match=f'no setting "{name}". Did you mean "{meant}"?'):
        loaded(written, **{name: "1"})


@pytest.mark.parametrize("name", ["TOKENTUI_PORT", "TOKENTUI_SERVICE_HOST", "CI_JOB_TOKEN"])
def test_variables_of_others_are_let_be(written: Path, name: str) -> None:
    assert loaded(written, **{name: "tcp://10.0.0.1:80"})
