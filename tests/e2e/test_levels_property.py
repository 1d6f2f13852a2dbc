"""Random object graphs: the agent's marks agree with a plain model, at every level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from objectgraph import KINDS, WORD, Edge, Graph, Root, description, leaks

from leakcheck.model import LeakKind, Level

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Checker

    from leakcheck.model import Report

pytestmark = pytest.mark.e2e

MOST_BLOCKS = 9
# Each size is more than all smaller ones together: a sum tells which blocks are in it.
SIZES = tuple(64 << number for number in range(MOST_BLOCKS))
SLOTS = SIZES[0] // WORD


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    count = draw(st.integers(1, MOST_BLOCKS))
    blocks = st.integers(0, count - 1)
    offsets = st.sampled_from([0, 0, WORD, SIZES[0] - 1])
    sizes = draw(st.permutations(SIZES[:count]))
    places = draw(st.lists(st.tuples(blocks, st.integers(0, SLOTS - 1)), unique=True, max_size=16))
    edges = [Edge(*place, draw(blocks), draw(offsets)) for place in places]
    roots = draw(st.lists(st.builds(Root, st.sampled_from(KINDS), blocks, offsets), max_size=4))
    return Graph(tuple(sizes), tuple(edges), tuple(roots))


def found(report: Report) -> dict[LeakKind, tuple[int, int]]:
    """Objects and bytes of each kind, of the blocks of the graph alone."""
    kinds: dict[LeakKind, tuple[int, int]] = {}
    for leak in report.runs[0].leaks:
        if leak.stack[0].function == "make":
            objects, size = kinds.get(leak.kind, (0, 0))
            kinds[leak.kind] = (objects + leak.leaked_objects, size + leak.leaked_bytes)
    return kinds


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=graphs())
def test_the_marks_agree_with_a_plain_model(
    graph: Graph, checker: Checker, compiled: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "graph").write_text(description(graph))
    lost_bytes = []
    for level in Level:
        report = checker.binary(compiled("graph.c"), str(tmp_path / "graph"), level=level)
        assert found(report) == leaks(graph, level)
        lost_bytes.append(sum(size for _, size in found(report).values()))
    normal, strict, draconian = lost_bytes
    assert normal & strict == normal, "leaks(normal) is part of leaks(strict)"
    assert strict & draconian == strict, "leaks(strict) is part of leaks(draconian)"
