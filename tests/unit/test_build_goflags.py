from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.build.goflags import Flags, parse_flags, parse_goflags, read_overlay
from leakcheck.errors import BadInput


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        pytest.param((), Flags(), id="none"),
        pytest.param(("-race", "-tags", "x"), Flags(rest=("-race", "-tags", "x")), id="others"),
        pytest.param(("-ldflags=-s -w",), Flags(ldflags=("-s -w",)), id="one word"),
        pytest.param(("--ldflags", "-s"), Flags(ldflags=("-s",)), id="two words, two dashes"),
        pytest.param(("-ldflags=all=-s",), Flags(ldflags=("all=-s",)), id="with a pattern"),
        pytest.param(("-ldflags=",), Flags(ldflags=("",)), id="empty"),
        pytest.param(
            ("-overlay", "a.json", "-v", "-overlay=b.json"),
            Flags(overlays=("a.json", "b.json"), rest=("-v",)),
            id="overlays",
        ),
        pytest.param(("-ldflagsx=1",), Flags(rest=("-ldflagsx=1",)), id="another name"),
        pytest.param(("ldflags=1",), Flags(rest=("ldflags=1",)), id="no dash"),
    ],
)
def test_flags_that_must_be_merged_are_taken_out(words: tuple[str, ...], flags: Flags) -> None:
    assert parse_flags(words) == flags


def test_a_flag_without_its_value_is_refused_before_it_takes_the_next_word() -> None:
    with pytest.raises(BadInput, match="-ldflags has no value"):
        parse_flags(("-race", "-ldflags"))


def test_our_linker_flag_reaches_every_pattern_of_the_user_and_all_others() -> None:
    flags = Flags(ldflags=("all=-s", "-X a=b"), rest=("-race",))

    assert flags.words(linker_flags="-checklinkname=0") == (
        "-race",
        "-ldflags=-checklinkname=0",
        "-ldflags=all=-s -checklinkname=0",
        "-ldflags=-X a=b -checklinkname=0",
    )


def test_our_overlay_takes_the_place_of_the_users() -> None:
    flags = Flags(overlays=("a.json", "b.json"))

    assert flags.words(overlay=Path("/t/o.json")) == ("-overlay=/t/o.json",)
    assert flags.words() == ("-overlay=b.json",)


_WORDS = st.sampled_from(["-race", "-ldflags=-s", "-ldflags", "x", "-overlay=a", "-tags"])


@given(st.lists(_WORDS))
def test_without_ours_the_users_flags_mean_what_they_meant(words: list[str]) -> None:
    flags = parse_flags([*words, "last"])
    again = parse_flags(flags.words())

    assert (again.ldflags, again.overlays) == (flags.ldflags, flags.overlays[-1:])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("-race  -mod=vendor", ("-race", "-mod=vendor")),
        ("'-ldflags=-s -w' -race", ("-ldflags=-s -w", "-race")),
        ('"-ldflags=-s -w"', ("-ldflags=-s -w",)),
        ("-ldflags='unclosed", ("-ldflags='unclosed",)),
    ],
)
def test_goflags_are_split_as_go_splits_them(text: str, words: tuple[str, ...]) -> None:
    assert parse_goflags(text) == words


def test_no_overlay_replaces_nothing(tmp_path: Path) -> None:
    assert read_overlay((), tmp_path) == {}


def test_relative_paths_of_an_overlay_count_from_the_project(tmp_path: Path) -> None:
    replace = {"a.go": "/elsewhere/a.go", "/abs/b.go": "b.go", "gone.go": ""}
    (tmp_path / "overlay.json").write_text(json.dumps({"Replace": replace}))

    assert read_overlay(("first.json", "overlay.json"), tmp_path) == {
        f"{tmp_path}/a.go": "/elsewhere/a.go",
        "/abs/b.go": f"{tmp_path}/b.go",
        f"{tmp_path}/gone.go": "",
    }


def test_an_overlay_may_replace_nothing(tmp_path: Path) -> None:
    (tmp_path / "overlay.json").write_text("{}")

    assert read_overlay(("overlay.json",), tmp_path) == {}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"Replace": 3}', '{"Replace": {"a": 3}}'])
def test_a_damaged_overlay_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "overlay.json").write_text(content)

    with pytest.raises(BadInput, match=r"overlay\.json cannot be used"):
        read_overlay(("overlay.json",), tmp_path)


def test_a_missing_overlay_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"missing\.json cannot be used"):
        read_overlay(("missing.json",), tmp_path)
