"""What is written in config.toml, and what Signoff makes of it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from runner.errors import ConfigError
from runner.settings import Settings, find_config, load, resolve
from tests.house.tree import ROOT

WRITTEN = """
timezone = "Europe/Berlin"
[storage]
directory = "~/signoff"
[worker]
slots = 3
[projects.app]
path = "~/src/app"
copy = [".env.test"]
"""


def written(tmp_path: Path, text: str) -> Path:
    """Write a configuration file and return its path."""
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def problems(tmp_path: Path, text: str) -> tuple[str, ...]:
    """Return what is wrong with a configuration."""
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, text))
    return caught.value.problems


def test_what_is_written_is_what_counts_and_the_rest_has_defaults(tmp_path: Path) -> None:
    settings = load(written(tmp_path, WRITTEN))
    assert settings.worker.slots == 3
    assert settings.projects["app"].path == Path.home() / "src/app"
    assert settings.projects["app"].copy_files == (".env.test",)
    assert settings.database == str(Path.home() / "signoff/signoff.db")
    assert str(settings.zone) == "Europe/Berlin"
    assert settings.agents == Settings().agents


def test_nothing_has_to_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CONF-5: in an empty folder and an empty home there is no configuration, and everything has a default."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_config() is None
    assert load().database == str(tmp_path / ".local/share/signoff/signoff.db")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[worker]\nslot = 4", "worker.slot: unknown key; did you mean `slots`?"),
        ("[projects.app]\npath = '/x'\ncoppy = []", "projects.app.coppy: unknown key; did you mean `copy`?"),
        ("[agents.claude]\napi_keys = ''", "agents.claude.api_keys: unknown key; did you mean `api_key`?"),
        ("polcy = 1", "polcy: unknown key; did you mean `policy`?"),
    ],
)
def test_a_misspelt_key_is_named_with_the_one_that_was_meant(tmp_path: Path, text: str, problem: str) -> None:
    """CONF-2: at every depth."""
    assert problems(tmp_path, text) == (problem,)


def test_a_key_like_no_other_is_answered_with_those_there_are(tmp_path: Path) -> None:
    """CONF-2: no guess where nothing is near."""
    (problem,) = problems(tmp_path, "[worker]\nqqq = 4")
    assert problem == "worker.qqq: unknown key; known here: slots, drain_seconds, keep_seconds, keep_most"


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """CONF-3: values and keys, in whatever sections."""
    text = "[worker]\nslots = 0\nslot = 1\n[reports]\nformats = ['docx']\n[projects.app]\nbase = 'main'"
    told = problems(tmp_path, text)
    assert {line.partition(":")[0] for line in told} == {
        "worker.slots",
        "worker.slot",
        "reports.formats.0",
        "projects.app.path",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("timezone = 'Mars/Olympus'", "Mars/Olympus"),
        ("[agents]\ndefault = 'clippy'", "clippy"),
        ("[mcp.both]\ncommand = 'x'\nurl = 'http://127.0.0.1'", "either `command` or `url`"),
        ("[mcp.none]\nargs = []", "either `command` or `url`"),
        ("[users.ada.mcp.own]\nargs = []", "users.ada.mcp.own"),
        ("[projects.'a b']\npath = '/x'", "a name has letters"),
        ("[slack]\nbot_token = 'env:BOT'", "one of `app_token` (Socket Mode) and `signing_secret` (HTTP)"),
        ("[slack]\napp_token = 'env:APP'", "give `bot_token` and one of"),
        ("[slack]\nsigning_secret = 'env:KEY'", "give `bot_token` and one of"),
        ("[slack]\nbot_token = 'env:B'\napp_token = 'env:A'\nsigning_secret = 'env:S'", "and one of `app_token`"),
        ("[http]\nlisten = '8750'", "http.listen: `8750` is no address"),
        ("[http]\nlisten = ':8750'", "http.listen"),
        ("[http]\nlisten = '127.0.0.1:65536'", "http.listen"),
        ("[http]\nlisten = 'http://127.0.0.1:80'", "http.listen"),
        ("= 3", "not valid TOML"),
    ],
)
def test_what_cannot_work_is_a_problem(tmp_path: Path, text: str, words: str) -> None:
    assert words in "\n".join(problems(tmp_path, text))


def test_a_secret_in_plain_text_is_refused_and_not_repeated(tmp_path: Path) -> None:
    """CONF-4: the message says how to write it."""
    (problem,) = problems(tmp_path, "[agents.claude]\napi_key = 'sk-plain-and-open'")
    assert "env:NAME or file:PATH" in problem
    assert "sk-plain" not in problem


def test_a_secret_is_read_where_it_is_needed_and_shown_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CONF-4: neither the settings nor their text hold it."""
    monkeypatch.setenv("THE_KEY", "sk-secret")
    settings = load(written(tmp_path, "[agents.claude]\napi_key = 'env:THE_KEY'"))
    assert settings.agents.claude.api_key.read() == "sk-secret"
    assert "sk-secret" not in repr(settings) + settings.model_dump_json()


def test_secrets_of_servers_come_from_the_environment_and_from_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "from the environment")
    (tmp_path / "token").write_text("from a file\n")
    values = resolve({"A": "env:TOKEN", "B": f"file:{tmp_path}/token", "C": "plain: text"})
    assert values == {"A": "from the environment", "B": "from a file", "C": "plain: text"}


@pytest.mark.parametrize("reference", ["env:NOBODY_SET_THIS", "file:/nowhere/token"])
def test_a_secret_that_is_not_there_is_named(reference: str) -> None:
    with pytest.raises(ConfigError, match=reference.partition(":")[2]):
        resolve({"A": reference})


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One key of a section may be overridden alone."""
    monkeypatch.setenv("SIGNOFF_WORKER__SLOTS", "7")
    settings = load(written(tmp_path, "[worker]\nslots = 3\nkeep_most = 9"))
    assert (settings.worker.slots, settings.worker.keep_most) == (7, 9)


def test_a_configuration_that_was_named_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNOFF_CONFIG", str(tmp_path / "gone.toml"))
    with pytest.raises(ConfigError, match="no such file"):
        find_config()


def test_the_file_at_hand_goes_before_the_one_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home/.config/signoff"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    written(home, "")
    assert find_config() == home / "config.toml"
    assert find_config(written(tmp_path, "")) == tmp_path / "config.toml"
    found = find_config()
    assert found is not None
    assert found.resolve() == tmp_path / "config.toml"


def test_the_example_holds_every_section_there_is() -> None:
    """CONF-1: and it loads as it stands."""
    example = ROOT / "config.example.toml"
    assert load(example)
    assert set(tomllib.loads(example.read_text("utf-8"))) == set(Settings.model_fields)


def test_the_http_server_runs_only_where_somebody_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For what Slack delivers over HTTP, or because its address is written down somewhere."""
    slack = "[slack]\nbot_token = 'env:B'\n"
    for text, served in (
        ("", False),
        ("[http]", False),
        (slack + "app_token = 'env:A'", False),
        (slack + "signing_secret = 'env:S'", True),
        ("[http]\nlisten = '127.0.0.1:8750'", True),
        ("[http]\nlisten = '[::1]:0'", True),
    ):
        settings = load(written(tmp_path, text))
        assert settings.serves_http is served, text
        assert settings.slack.enabled is ("slack" in text)
    monkeypatch.setenv("SIGNOFF_HTTP__LISTEN", "0.0.0.0:80")
    assert load(written(tmp_path, "")).serves_http
