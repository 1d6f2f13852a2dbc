from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap.environment import Checkout
from bootstrap.golang import has_go, is_new_enough, parse_go_version, path_without

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("go version go1.26.8 linux/amd64\n", (1, 26)),
        ("go version go1.21rc2 linux/amd64\n", (1, 21)),
        ("go version devel go1.28-3f2a1bc Mon Nov 2 10:00:00 2026 +0000 linux/amd64\n", (1, 28)),
        ("go version go1.19.8 (Debian) linux/amd64\n", (1, 19)),
        ("bash: go: command not found\n", None),
        ("", None),
    ],
    ids=["release", "candidate", "devel", "distribution", "shell", "nothing"],
)
def test_go_versions_are_read(output: str, version: tuple[int, int] | None) -> None:
    assert parse_go_version(output) == version


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("go version go1.20.14 linux/amd64", False),
        ("go version go1.21.0 linux/amd64", True),
        ("go version go2.0 linux/amd64", True),
        ("segmentation fault", False),
    ],
)
def test_go_1_21_is_the_oldest(output: str, *, expected: bool) -> None:
    assert is_new_enough(output) is expected


@given(st.integers(0, 99), st.integers(0, 99))
def test_every_release_is_compared_as_numbers(major: int, minor: int) -> None:
    output = f"go version go{major}.{minor}.3 linux/amd64"
    assert is_new_enough(output) == ((major, minor) >= (1, 21))


@given(st.text())
def test_any_output_is_read_without_an_error(output: str) -> None:
    version = parse_go_version(output)
    assert version is None or len(version) == 2


def test_the_environment_s_own_programs_are_not_path() -> None:
    assert path_without("/a:/checkout/.venv/bin:/b", "/checkout/.venv/bin") == "/a:/b"


def fake_go(directory: Path, version: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    go = directory / "go"
    go.write_text(
        f'#!/bin/sh\n[ "$GOTOOLCHAIN" = local ] && echo go version go{version} linux/amd64\n'
    )
    go.chmod(0o755)
    return go


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    monkeypatch.delenv("LEAKCHECK_GO", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / '.venv/bin'}:{tmp_path / 'path'}:/usr/bin:/bin")
    return Checkout(root=tmp_path)


def test_a_new_go_on_path_is_enough(checkout: Checkout) -> None:
    fake_go(checkout.root / "path", "1.26.8")
    assert has_go(checkout)


def test_an_old_go_on_path_is_not_enough(checkout: Checkout) -> None:
    fake_go(checkout.root / "path", "1.19.8")
    assert not has_go(checkout)


def test_the_wheel_of_an_activated_environment_does_not_count_as_path(checkout: Checkout) -> None:
    fake_go(checkout.venv / "bin", "1.27.3")
    fake_go(checkout.root / "path", "1.19.8")
    assert not has_go(checkout)


def test_a_go_named_by_the_user_comes_before_path(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_go(checkout.root / "path", "1.19.8")
    monkeypatch.setenv("LEAKCHECK_GO", str(fake_go(checkout.root / "mine", "1.25.0")))
    assert has_go(checkout)
