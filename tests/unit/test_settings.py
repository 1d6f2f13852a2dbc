from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.errors import BadInput
from leakcheck.model import Level
from leakcheck.settings import GITHUB_KEYS, KEYS, GitHub, Settings, load_environment, parse_level

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
HOME = {"HOME": "/home/me"}


def settings(**env: str) -> Settings:
    return Settings.from_mapping({**HOME, **env})


def dotenv(folder: Path, text: str) -> dict[str, str]:
    (folder / ".env").write_text(text, encoding="utf-8")
    return load_environment(folder)


@pytest.fixture(autouse=True)
def _no_keys_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in KEYS:
        monkeypatch.delenv(key.name, raising=False)


# Values


def test_nothing_set_gives_the_defaults() -> None:
    assert settings() == Settings(
        project=None,
        package=".",
        level=Level.NORMAL,
        heapprofile=None,
        tcmalloc_verbose=0,
        mallocstats=0,
        ld_preload="",
        tcmalloc=None,
        go=None,
        go_flags=(),
        cache_dir=Path("/home/me/.cache/leakcheck"),
    )


def test_empty_is_the_same_as_unset() -> None:
    assert settings(**{key.name: "" for key in KEYS}) == settings()


@pytest.mark.parametrize("value", ["", "false"])
def test_a_machine_of_ones_own_is_not_github(value: str) -> None:
    keys = {"GITHUB_ACTIONS": value, "GITHUB_STEP_SUMMARY": "/s", "GITHUB_WORKSPACE": "/w"}
    assert settings(**keys).github is None


def test_a_step_of_a_workflow_is_known_by_what_github_sets() -> None:
    assert settings(GITHUB_ACTIONS="true").github == GitHub()
    keys = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "/s", "GITHUB_WORKSPACE": "/w"}
    assert set(keys) == set(GITHUB_KEYS)
    assert settings(**keys).github == GitHub(summary=Path("/s"), workspace=Path("/w"))


def test_every_key_is_read() -> None:
    read = settings(
        HEAPCHECK="strict",
        HEAPPROFILE="/tmp/m_heap",  # noqa: S108
        TCMALLOC_VERBOSE="2",
        MALLOCSTATS="1",
        LD_PRELOAD="/lib/a.so /lib/b.so",
        LEAKCHECK_PROJECT="/src/m",
        LEAKCHECK_PACKAGE="./...",
        LEAKCHECK_TCMALLOC="/opt/libtcmalloc.so",
        LEAKCHECK_GO="/opt/go/bin/go",
        LEAKCHECK_GO_FLAGS="-tags 'a b' -race",
        LEAKCHECK_CACHE_DIR="/var/cache/leakcheck",
    )

    assert read == Settings(
        project=Path("/src/m"),
        package="./...",
        level=Level.STRICT,
        heapprofile="/tmp/m_heap",  # noqa: S108
        tcmalloc_verbose=2,
        mallocstats=1,
        ld_preload="/lib/a.so /lib/b.so",
        tcmalloc=Path("/opt/libtcmalloc.so"),
        go="/opt/go/bin/go",
        go_flags=("-tags", "a b", "-race"),
        cache_dir=Path("/var/cache/leakcheck"),
    )


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("normal", Level.NORMAL),
        ("strict", Level.STRICT),
        ("draconian", Level.DRACONIAN),
        ("Strict ", Level.STRICT),
    ],
)
def test_the_three_levels_are_known(text: str, level: Level) -> None:
    assert settings(HEAPCHECK=text).level is level


@pytest.mark.parametrize("text", ["minimal", "as-is", "local", "1", "stric", "normal strict"])
def test_another_level_is_refused_and_the_known_ones_are_named(text: str) -> None:
    with pytest.raises(BadInput, match=f"HEAPCHECK={text} is not a level") as caught:
        settings(HEAPCHECK=text)

    assert "normal, strict and draconian" in caught.value.why
    assert caught.value.hint == "HEAPCHECK=normal"


def test_a_level_given_as_an_option_is_refused_by_the_options_name() -> None:
    with pytest.raises(BadInput, match="--level=loud is not a level") as caught:
        parse_level("loud", source="--level")

    assert caught.value.hint == "--level=normal"


@pytest.mark.parametrize("name", ["TCMALLOC_VERBOSE", "MALLOCSTATS", "LEAKCHECK_MAX_BLOCKS"])
@pytest.mark.parametrize("text", ["yes", "-1", "1.5", "٣", "0x1"])
def test_a_count_that_is_no_number_is_refused(name: str, text: str) -> None:
    with pytest.raises(BadInput, match=re.escape(f"{name}={text} is not a number")):
        settings(**{name: text})


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("-tags=cgo,leak", ("-tags=cgo,leak",)),
        ('-ldflags="-X a.b=c d" -v', ("-ldflags=-X a.b=c d", "-v")),
        (r"-gcflags=all=\ -N", ("-gcflags=all= -N",)),
        ("   ", ()),
    ],
)
def test_go_flags_are_split_as_a_shell_would(text: str, flags: tuple[str, ...]) -> None:
    assert settings(LEAKCHECK_GO_FLAGS=text).go_flags == flags


def test_go_flags_with_an_open_quote_are_refused() -> None:
    with pytest.raises(BadInput, match="cannot be split into words") as caught:
        settings(LEAKCHECK_GO_FLAGS="-tags 'a")

    assert caught.value.why == "No closing quotation"
    assert "LEAKCHECK_GO_FLAGS" in caught.value.hint


@pytest.mark.parametrize("name", ["LEAKCHECK_PROJECT", "LEAKCHECK_TCMALLOC", "LEAKCHECK_CACHE_DIR"])
def test_the_tilde_of_a_path_is_the_home_folder(name: str) -> None:
    attribute = name.removeprefix("LEAKCHECK_").lower()

    assert getattr(settings(**{name: "~/x y"}), attribute) == Path("/home/me/x y")
    assert getattr(settings(**{name: "~"}), attribute) == Path("/home/me")


def test_the_tilde_is_expanded_in_a_prefix_and_in_the_go_command() -> None:
    read = settings(HEAPPROFILE="~/heap/", LEAKCHECK_GO="~/go/bin/go")

    assert read.heapprofile == "/home/me/heap/"
    assert read.go == "/home/me/go/bin/go"


def test_a_tilde_in_the_middle_is_only_a_character() -> None:
    assert settings(LEAKCHECK_PROJECT="/a/~/b").project == Path("/a/~/b")
    assert settings(LEAKCHECK_GO="go~").go == "go~"


def test_the_home_of_another_user_is_found() -> None:
    root_home = os.path.expanduser("~root")  # noqa: PTH111 - what is compared with

    assert settings(LEAKCHECK_PROJECT="~root/m").project == Path(root_home, "m")


@pytest.mark.parametrize(
    ("xdg", "expected"),
    [
        ("/xdg", "/xdg/leakcheck"),
        ("", "/home/me/.cache/leakcheck"),
        ("relative/cache", "/home/me/.cache/leakcheck"),
    ],
)
def test_the_cache_is_where_the_desktop_specification_has_it(xdg: str, expected: str) -> None:
    assert settings(XDG_CACHE_HOME=xdg).cache_dir == Path(expected)


def test_the_cache_folder_of_our_own_key_wins() -> None:
    read = settings(XDG_CACHE_HOME="/xdg", LEAKCHECK_CACHE_DIR="/mine")

    assert read.cache_dir == Path("/mine")


@given(st.dictionaries(st.sampled_from([key.name for key in KEYS]), st.text(max_size=30)))
def test_any_environment_is_read_or_refused_by_the_name_of_a_key(env: dict[str, str]) -> None:
    try:
        read = Settings.from_mapping({**HOME, **env})
    except BadInput as error:
        assert any(error.what.startswith(f"{name}=") for name in env)  # noqa: PT017
    else:
        assert read.package
        assert read.level in Level


@given(st.lists(st.text(min_size=1), max_size=5))
def test_quoted_go_flags_come_back_whole(flags: list[str]) -> None:
    quoted = " ".join("'" + flag.replace("'", "'\"'\"'") + "'" for flag in flags)

    assert settings(LEAKCHECK_GO_FLAGS=quoted).go_flags == tuple(flags)


# The file .env


def test_without_a_file_the_environment_is_the_real_one(tmp_path: Path) -> None:
    assert load_environment(tmp_path) == dict(os.environ)


def test_the_file_adds_keys(tmp_path: Path) -> None:
    environment = dotenv(tmp_path, "# comment\nHEAPCHECK=strict\nexport LEAKCHECK_GO='my go'\n")

    assert Settings.from_mapping(environment).level is Level.STRICT
    assert Settings.from_mapping(environment).go == "my go"


def test_the_real_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEAPCHECK", "draconian")

    assert dotenv(tmp_path, "HEAPCHECK=strict\n")["HEAPCHECK"] == "draconian"


def test_a_key_emptied_in_the_real_environment_has_its_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEAPCHECK", "")

    environment = dotenv(tmp_path, "HEAPCHECK=strict\n")

    assert Settings.from_mapping(environment).level is Level.NORMAL


def test_only_the_given_folder_is_looked_in(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / ".env").write_text("HEAPCHECK=strict\n", encoding="utf-8")

    assert "HEAPCHECK" not in load_environment(inner)


def test_values_are_not_interpolated(tmp_path: Path) -> None:
    text = "LEAKCHECK_GO_FLAGS=-ldflags=$HOME\nHEAPPROFILE=${HOME}/x\n"

    environment = dotenv(tmp_path, text)

    assert environment["LEAKCHECK_GO_FLAGS"] == "-ldflags=$HOME"
    assert environment["HEAPPROFILE"] == "${HOME}/x"


def test_the_last_of_two_lines_with_one_key_counts(tmp_path: Path) -> None:
    assert dotenv(tmp_path, "HEAPCHECK=strict\nHEAPCHECK=normal\n")["HEAPCHECK"] == "normal"


def test_keys_of_others_in_the_file_are_kept(tmp_path: Path) -> None:
    assert dotenv(tmp_path, "DATABASE_URL=postgres://x\n")["DATABASE_URL"] == "postgres://x"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("HEAPCHECK strict\n", ":1 "),
        ("A=1\n\n\nwhat is this\nB=2\n", ":4 "),
        ("A=1\n=2\n", ":2 "),
        ("A='open\n", ":1 "),
    ],
    ids=["no equals sign", "after blank lines", "no key", "open quote"],
)
def test_a_broken_line_is_named_by_file_and_number(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(BadInput) as caught:
        dotenv(tmp_path, text)

    assert f"{tmp_path / '.env'}{place}" in caught.value.what
    assert caught.value.why
    assert caught.value.hint == f"edit {tmp_path / '.env'}"


def test_a_key_without_a_value_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.env:2: HEAPCHECK has no value") as caught:
        dotenv(tmp_path, "A=1\nHEAPCHECK\n")

    assert caught.value.hint == "HEAPCHECK="


def test_a_mistyped_key_is_not_ignored_without_a_word(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.env:1: there is no key LEAKCHECK_PROJEKT") as caught:
        dotenv(tmp_path, "LEAKCHECK_PROJEKT=/src\n")

    assert caught.value.why == "did you mean LEAKCHECK_PROJECT?"


def test_an_invented_key_is_answered_with_all_that_exist(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        dotenv(tmp_path, "LEAKCHECK_ZZZZZZZZZZZZ=1\n")

    assert all(key.name in caught.value.why for key in KEYS)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe\n")

    with pytest.raises(BadInput, match=r"\.env cannot be read"):
        load_environment(tmp_path)


def test_a_folder_called_env_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()

    with pytest.raises(BadInput, match=r"\.env cannot be read"):
        load_environment(tmp_path)


def test_a_null_byte_in_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.env:1 is not KEY=value"):
        dotenv(tmp_path, "A=a\0b\n")


@given(st.text(max_size=200))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("dotenv")
    (folder / ".env").write_bytes(text.encode(errors="replace"))
    try:
        environment = load_environment(folder)
    except BadInput as error:
        assert str(folder) in error.what  # noqa: PT017
    else:
        assert environment.items() >= os.environ.items()


# One description of every key


def test_the_example_file_documents_every_key_with_its_default() -> None:
    pattern = re.compile(r"^# (?P<meaning>.*)\n#(?P<name>[A-Z_]+)=(?P<default>.*)$", re.MULTILINE)
    found = [(m["name"], m["default"], m["meaning"]) for m in pattern.finditer(EXAMPLE)]

    assert found == [tuple(key) for key in KEYS]


def test_the_example_file_changes_nothing_as_it_is(tmp_path: Path) -> None:
    assert dotenv(tmp_path, EXAMPLE) == dict(os.environ)


def test_the_defaults_of_the_example_file_are_the_real_ones(tmp_path: Path) -> None:
    active = re.sub(r"^#(?=[A-Z_]+=)", "", EXAMPLE, flags=re.MULTILINE)

    read = Settings.from_mapping({**dotenv(tmp_path, active), "HOME": "/home/me"})

    assert read == settings()


def test_every_key_of_ours_begins_alike_or_is_tcmallocs() -> None:
    others = [key.name for key in KEYS if not key.name.startswith("LEAKCHECK_")]

    assert others == ["HEAPCHECK", "HEAPPROFILE", "TCMALLOC_VERBOSE", "MALLOCSTATS", "LD_PRELOAD"]


def test_a_dotenv_file_that_is_no_list_of_keys_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=1\n" * (1 << 18) + b"\n")

    with pytest.raises(BadInput, match="too large"):
        load_environment(tmp_path)
