"""The profiles of gperftools' own checker, kept for pprof."""

from __future__ import annotations

import gzip
import shutil
from typing import TYPE_CHECKING

import pytest
from checker_samples import PROFILE, captured_profile, captured_report
from report_samples import TESTDATA

from leakcheck.checkerprofiles import keep_profiles, leaked_text
from leakcheck.engines.agent import Findings
from leakcheck.errors import BadInput
from leakcheck.evidence import NoReport, Silence
from leakcheck.heapprofile import parse_heap_profile
from leakcheck.symbolise import Symboliser

if TYPE_CHECKING:
    from pathlib import Path

FOUND = Findings(outcome=captured_report())


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return shutil.copytree(TESTDATA / "checker", tmp_path / "run")


@pytest.fixture
def symboliser(tmp_path: Path) -> Symboliser:
    return Symboliser(tmp_path / "cache")


def test_the_profile_is_kept_as_it_is_and_with_names(
    run_dir: Path, tmp_path: Path, symboliser: Symboliser
) -> None:
    raw, named = keep_profiles(run_dir, FOUND, str(tmp_path / "heap"), symboliser)

    assert [raw.name, named.name] == ["heap.heapcheck.0001.heap", "heap.heapcheck.0001.pb.gz"]
    assert raw.read_text() == captured_profile()[PROFILE]
    assert b"leaky" in gzip.decompress(named.read_bytes())


def test_the_profile_with_names_holds_what_the_report_tells() -> None:
    text = leaked_text(captured_report()).decode()

    profile = parse_heap_profile(text, source="named")
    assert (profile.objects, profile.bytes) == (7, 528)
    assert (profile.total.objects, profile.total.bytes) == (7, 528)
    assert profile.mappings == captured_report().profile.mappings


def test_a_profile_that_was_not_understood_is_kept_as_it_is(
    run_dir: Path, tmp_path: Path, symboliser: Symboliser
) -> None:
    damaged = Findings(outcome=NoReport(silence=Silence.MALFORMED, reason="cut"))

    kept = keep_profiles(run_dir, damaged, str(tmp_path / "heap"), symboliser)

    assert [path.name for path in kept] == ["heap.heapcheck.0001.heap"]


def test_without_a_profile_nothing_is_kept(tmp_path: Path, symboliser: Symboliser) -> None:
    assert keep_profiles(tmp_path, FOUND, str(tmp_path / "heap"), symboliser) == ()
    assert list(tmp_path.glob("heap*")) == []


def test_a_prefix_that_cannot_be_written_is_told(
    run_dir: Path, tmp_path: Path, symboliser: Symboliser
) -> None:
    with pytest.raises(BadInput, match=r"missing/heap\.heapcheck\.NNNN\.heap cannot be written"):
        keep_profiles(run_dir, FOUND, str(tmp_path / "missing" / "heap"), symboliser)
