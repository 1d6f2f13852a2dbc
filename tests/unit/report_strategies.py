"""Reports of any kind, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from leakcheck.model import (
    Case,
    Check,
    EngineName,
    Evidence,
    Frame,
    Gone,
    Growth,
    Leak,
    LeakKind,
    Level,
    Outcome,
    Part,
    Report,
    Run,
    Tests,
)

WORDS = st.text(max_size=10)
COUNTS = st.integers(0, 2**63)
FRAMES = st.builds(
    Frame,
    function=WORDS,
    file=st.none() | WORDS,
    line=st.none() | COUNTS,
    language=st.none() | WORDS,
    module=WORDS,
    address=st.integers(0, 2**64 - 1),
)
LEAKS = st.builds(
    Leak,
    id=WORDS,
    leaked_bytes=COUNTS,
    leaked_objects=COUNTS,
    kind=st.sampled_from(LeakKind),
    stack=st.lists(FRAMES, max_size=3).map(tuple),
    test=st.none() | WORDS,
    suppressed_by=st.none() | WORDS,
    in_baseline=st.booleans(),
    growth=st.none() | st.sampled_from(Growth),
    objects_per_run=st.none() | st.floats(0, 1e9),
    known_objects=st.none() | COUNTS,
    expired_on=st.none() | WORDS,
    held_by=st.lists(WORDS, max_size=2).map(tuple),
)
VALUES = WORDS | st.integers(-(2**70), 2**70).map(str) | st.sampled_from(["007", "-0", "1_0", "+1"])
EVIDENCES = st.builds(
    Evidence, fields=st.dictionaries(WORDS, VALUES, max_size=4).map(lambda d: tuple(d.items()))
)
CASES = st.builds(
    Case,
    name=WORDS,
    outcome=st.sampled_from(Outcome),
    duration_s=st.floats(0, 1e6),
    output=WORDS,
)
RUNS = st.builds(
    Run,
    package=WORDS,
    binary=WORDS,
    argv=st.lists(WORDS, max_size=3).map(tuple),
    tests=st.sampled_from(Tests),
    check=st.sampled_from(Check),
    reason=WORDS,
    killed_by=st.none() | WORDS,
    duration_s=st.floats(0, 1e6),
    evidence=EVIDENCES,
    leaks=st.lists(LEAKS, max_size=2).map(tuple),
    cases=st.lists(CASES, max_size=2).map(tuple),
)
REPORTS = st.builds(
    Report,
    exit_code=st.sampled_from([0, 1, 2]),
    level=st.sampled_from(Level),
    engine=st.sampled_from(EngineName),
    check=st.sampled_from(Check),
    tests=st.sampled_from(Tests),
    reason=WORDS,
    leaked_bytes=COUNTS,
    leaked_objects=COUNTS,
    suppressed_bytes=COUNTS,
    suppressed_objects=COUNTS,
    runs=st.lists(RUNS, max_size=2).map(tuple),
    skipped=st.lists(st.tuples(WORDS, WORDS), max_size=2).map(tuple),
    shard=st.none()
    | st.builds(Part, index=COUNTS, count=COUNTS, units=st.lists(WORDS, max_size=3).map(tuple)),
    unused_suppressions=st.lists(WORDS, max_size=2).map(tuple),
    gone=st.lists(
        st.builds(Gone, program=WORDS, id=WORDS, where=WORDS, test=st.none() | WORDS), max_size=2
    ).map(tuple),
)
