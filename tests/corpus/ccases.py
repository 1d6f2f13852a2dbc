"""The cases in C and C++ (`c/`): an argument of one of the programs, with what must be found."""

from __future__ import annotations

from tests.corpus.case import Case, direct, indirect, kept, lost

__all__ = ["C_CASES"]

_BLOCKS = (
    lost("single", "malloc", direct(1, 101, "leak_malloc")),
    lost("single", "calloc", direct(1, 143, "leak_calloc")),
    lost("single", "realloc-moves", direct(1, 5000, "leak_realloc")),
    lost("single", "realloc-in-place", direct(1, 1040, "leak_realloc")),
    lost("single", "realloc-shrinks", direct(1, 100, "leak_realloc")),
    lost("single", "realloc-of-null", direct(1, 102, "leak_realloc_of_null")),
    lost("single", "reallocarray", direct(1, 63, "leak_reallocarray")),
    lost("single", "posix-memalign", direct(1, 301, "leak_posix_memalign")),
    lost("single", "aligned-alloc", direct(1, 192, "leak_aligned_alloc")),
    lost("single", "memalign", direct(1, 33, "leak_memalign")),
    lost("single", "valloc", direct(1, 103, "leak_valloc")),
    lost("single", "strdup", direct(1, 23, "leak_strdup")),
    lost("single", "strndup", direct(1, 7, "leak_strndup")),
    lost("single", "asprintf", direct(1, 13, "leak_asprintf")),
    lost("single", "getcwd", direct(1, 2, "leak_getcwd")),
    lost("single", "directory", direct(1, 32816, "leak_directory")),
    lost("single", "stream-buffer", direct(1, 23, "leak_stream_buffer")),
    lost("single", "behind-buffer", direct(4, 16384, "leak_behind_buffer")),
    lost("single", "zero-bytes", direct(1, 0, "leak_zero_bytes")),
    lost("single", "large", direct(1, 5 << 20, "leak_large")),
    lost("single", "many", direct(100000, 1600000, "leak_many")),
    lost("single", "overwritten-global", direct(1, 111, "overwrite_global")),
    lost("single", "after-churn", direct(3, 231, "leak_after_churn")),
    lost("single", "deep-down", direct(1, 101, "leak_malloc")),
    lost("single", "error-path", direct(1, 104, "read_settings")),
)

_GRAPHS = (
    lost("graphs", "list", direct(1, 24, "new_node"), indirect(4, 96, "new_node")),
    lost("graphs", "long-list", direct(1, 24, "new_node"), indirect(99999, 2399976, "new_node")),
    lost("graphs", "cycle", direct(1, 24, "new_node"), indirect(2, 48, "new_node")),
    lost("graphs", "self", direct(1, 24, "new_node")),
    lost("graphs", "two-cycles", direct(2, 48, "new_node"), indirect(4, 96, "new_node")),
    lost("graphs", "cycle-behind-list", direct(1, 24, "new_node"), indirect(4, 96, "new_node")),
    lost("graphs", "tree", direct(1, 24, "new_tree"), indirect(6, 144, "new_tree")),
    lost("graphs", "pair", direct(1, 16, "leak_pair"), indirect(2, 63, "leak_pair")),
    lost("graphs", "shared", direct(2, 48, "new_node"), indirect(1, 24, "new_node")),
)

_THREADS = (
    lost("threads", "thread", direct(1, 104, "allocate")),
    lost("threads", "threads", direct(8, 832, "allocate")),
    lost("threads", "detached-thread", direct(1, 105, "allocate_detached")),
    lost("threads", "thread-local", direct(1, 106, "allocate_thread_local")),
    lost("threads", "thread-key", direct(1, 107, "allocate_for_key")),
    lost("threads", "pthread-exit", direct(1, 108, "allocate_and_exit")),
    lost("threads", "cancelled", direct(1, 109, "wait_for_cancel")),
    lost("threads", "own-stack", direct(1, 104, "allocate")),
    lost("threads", "c11-thread", direct(1, 110, "allocate_in_c11")),
    lost("threads", "result", direct(1, 112, "return_block")),
    lost("threads", "where-argument-was", direct(1, 120, "exchange")),
    lost("waiting", "semaphore", direct(1, 114, "lose")),
    lost("waiting", "condition", direct(1, 114, "lose")),
    lost("waiting", "mutex", direct(1, 114, "lose")),
    lost("waiting", "pause", direct(1, 114, "lose")),
    lost("waiting", "sleep", direct(1, 114, "lose")),
    lost("waiting", "poll", direct(1, 114, "lose")),
    lost("waiting", "read", direct(1, 114, "lose")),
)

_LEAK = direct(1, 121, "leak")

_EXITS = (
    lost("exits", "return", _LEAK),
    lost("exits", "exit", _LEAK),
    lost("exits", "underscore-exit", _LEAK),
    lost("exits", "big-exit", _LEAK),
    lost("exits", "quick-exit", _LEAK),
    lost("exits", "errx", _LEAK),
    lost("exits", "exit-in-thread", _LEAK),
    lost("exits", "pthread-exit", _LEAK),
    lost("exits", "after-exit-handler", _LEAK),
    lost("exits", "forked-child", _LEAK),
    # normal and strict look before the exit handlers run
    Case(program="exits", name="in-exit-handler", draconian=(_LEAK,)),
    Case(program="exits", name="exit-in-exit-handler", draconian=(_LEAK,)),
    Case(program="exits", name="system-call", is_checked=False),
)

_OBJECTS = (
    lost("objects", "new", direct(1, 64, "leak_new")),
    lost("objects", "new-array", direct(1, 192, "leak_new_array")),
    lost("objects", "new-array-with-count", direct(1, 28, "leak_new_array_with_count")),
    lost("objects", "nothrow", direct(1, 64, "leak_nothrow")),
    lost("objects", "aligned-new", direct(1, 192, "leak_aligned_new")),
    lost(
        "objects", "members", direct(1, 56, "leak_object_with_members"), indirect(2, 300, "Record")
    ),
    lost(
        "objects", "container", direct(1, 24, "leak_container"), indirect(3, 72, "leak_container")
    ),
    lost("objects", "cleared-vector", direct(4, 256, "leak_cleared_vector")),
    lost("objects", "erased-from-map", direct(1, 64, "leak_erased_from_map")),
    lost("objects", "released", direct(1, 64, "leak_released")),
    lost(
        "objects",
        "shared-cycle",
        direct(1, 40, "leak_shared_cycle"),
        indirect(1, 40, "leak_shared_cycle"),
    ),
    lost("objects", "thrown", direct(1, 64, "throws_before_delete")),
    lost("objects", "thread", direct(1, 64, "allocate")),
    lost(
        "objects",
        "function",
        direct(1, 32, "leak_in_function"),
        indirect(1, 64, "leak_in_function"),
    ),
    lost("objects", "before-main", direct(1, 64, "__static_initialization_and_destruction_0")),
)

_HELD = (
    kept("held", "global"),
    kept("held", "interior-pointer", direct(1, 202, "keep_inside_global")),
    kept("held", "interior-by-four", direct(1, 80, "keep_numbers")),
    kept("held", "static"),
    kept("held", "list-head"),
    kept("held", "table"),
    kept("held", "mapping", direct(3, 612, "keep_in_mapping")),
    kept("held", "library"),
    kept("held", "libraries-thread-local"),
    kept("held", "missing-library"),
    kept("held", "exit-handler", is_freed_at_exit=True),
    kept("held", "exit-handlers-argument", is_freed_at_exit=True),
    kept("held", "open-file"),
    kept("held", "environment"),
    kept("held", "libc"),
    kept("held", "coroutine"),
    kept("held", "callers-frame"),
)

_HELD_BY_THREADS = (
    kept("heldbythreads", "thread-local"),
    kept("heldbythreads", "threads-thread-local"),
    kept("heldbythreads", "key"),
    kept("heldbythreads", "threads-late-key"),
    kept("heldbythreads", "stack"),
    kept("heldbythreads", "own-stack"),
    kept("heldbythreads", "c11-thread"),
    kept("heldbythreads", "register"),
    kept("heldbythreads", "vector-register"),
    kept("heldbythreads", "busy-register"),
    kept("heldbythreads", "argument"),
    kept("heldbythreads", "busy-threads"),
    kept("heldbythreads", "result"),
    kept("heldbythreads", "timer"),
)

_HELD_OBJECTS = (
    kept("heldobjects", "vector-of-owners", is_freed_at_exit=True),
    kept("heldobjects", "vector-of-pointers"),
    kept("heldobjects", "map", is_freed_at_exit=True),
    kept("heldobjects", "unordered-map", is_freed_at_exit=True),
    kept("heldobjects", "list", is_freed_at_exit=True),
    kept("heldobjects", "deque"),
    kept("heldobjects", "unique-ptr", is_freed_at_exit=True),
    kept("heldobjects", "shared-ptr", is_freed_at_exit=True),
    kept("heldobjects", "string", is_freed_at_exit=True),
    kept("heldobjects", "function", is_freed_at_exit=True),
    kept("heldobjects", "stream", is_freed_at_exit=True),
    kept("heldobjects", "singleton"),
    kept("heldobjects", "array-with-count", direct(1, 28, "keep_array_with_count")),
    kept("heldobjects", "second-base", direct(1, 32, "keep_second_base")),
    kept("heldobjects", "thread-local", is_freed_at_exit=True),
    kept("heldobjects", "thread"),
)

C_CASES: tuple[Case, ...] = (
    *_BLOCKS,
    *_GRAPHS,
    *_THREADS,
    *_EXITS,
    *_OBJECTS,
    *_HELD,
    *_HELD_BY_THREADS,
    *_HELD_OBJECTS,
)
"""All cases, leaks first."""
