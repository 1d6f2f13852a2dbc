"""A plain model of what the agent does: which blocks of an object graph are lost, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakcheck.model import LeakKind, Level

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Edge", "Graph", "Root", "description", "leaks"]

KINDS = ("g", "t", "s", "m")
WORD = 8


@dataclass(frozen=True, slots=True)
class Edge:
    """Word `slot` of block `source` points `offset` bytes into block `target`."""

    source: int
    slot: int
    target: int
    offset: int


@dataclass(frozen=True, slots=True)
class Root:
    """A root of a kind of KINDS points `offset` bytes into block `target`."""

    kind: str
    target: int
    offset: int


@dataclass(frozen=True, slots=True)
class Graph:
    """Blocks by size in bytes, in order of allocation. A slot is written at most once."""

    sizes: tuple[int, ...]
    edges: tuple[Edge, ...]
    roots: tuple[Root, ...]


def description(graph: Graph) -> str:
    """Write the graph as `graph.c` reads it."""
    lines = [f"b {size}" for size in graph.sizes]
    lines += [f"e {e.source} {e.slot} {e.target} {e.offset}" for e in graph.edges]
    lines += [f"r {root.kind} {root.target} {root.offset}" for root in graph.roots]
    return "".join(f"{line}\n" for line in lines)


def leaks(graph: Graph, level: Level) -> dict[LeakKind, tuple[int, int]]:
    """Give objects and bytes of each kind of leak."""
    lost = sorted(set(range(len(graph.sizes))) - reachable(graph, level))
    direct = direct_leaks(lost, graph, level)
    groups = {LeakKind.DIRECT: direct, LeakKind.INDIRECT: set(lost) - direct}
    return {
        kind: (len(blocks), sum(graph.sizes[block] for block in blocks))
        for kind, blocks in groups.items()
        if blocks
    }


def holds(offset: int, level: Level) -> bool:
    """Tell whether a pointer so far into a block holds it."""
    return offset == 0 or level is not Level.STRICT


def reachable(graph: Graph, level: Level) -> set[int]:
    """Collect what the level's roots hold."""
    kinds = {Level.NORMAL: "gtsm", Level.STRICT: "gts", Level.DRACONIAN: ""}[level]
    starts = [r.target for r in graph.roots if r.kind in kinds and holds(r.offset, level)]
    return closure(starts, graph, level)


def closure(starts: Iterable[int], graph: Graph, level: Level) -> set[int]:
    """Follow pointers from `starts`, which are part of the answer."""
    seen: set[int] = set()
    todo = list(starts)
    while todo:
        block = todo.pop()
        if block not in seen:
            seen.add(block)
            todo += [e.target for e in graph.edges if e.source == block and holds(e.offset, level)]
    return seen


def direct_leaks(lost: list[int], graph: Graph, level: Level) -> set[int]:
    """Choose the blocks that no other lost block holds, and of each lost cycle the first."""
    direct: set[int] = set()
    for block in lost:
        behind = closure([block], graph, level)
        holders = {other for other in lost if block in closure([other], graph, level)}
        is_source = holders <= behind  # whoever holds it is held by it: nobody, or a cycle
        if is_source and block == min(holders):
            direct.add(block)
    return direct
