"""What a function is called, and which frames belong to cgo or a runtime, not to the user."""

from __future__ import annotations

import ctypes
import functools
import re
from typing import TYPE_CHECKING

import pyderust

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakcheck.model import Frame

__all__ = [
    "cgo_call",
    "demangle",
    "go_package",
    "guessed_language",
    "is_glue",
    "is_runtime",
    "language_name",
    "readable_name",
    "split_creator",
]

LANGUAGES = {"cpp": "c++", "objcpp": "objective-c++", "objc": "objective-c", "unknown": None}

GO_ABI = re.compile(r"\.abi(?:0|internal)$")
GO_SHAPE = re.compile(r"\[.*\bgo\.shape\..*\]", re.DOTALL)
COMPILER_CLONE = re.compile(r"(?:\.(?:part|constprop|isra|cold|lto_priv|llvm)(?:\.[0-9]+)*)+$")
RUST_HASH = re.compile(r"::h[0-9a-f]{16}$")
STD_STRING = re.compile(
    r"std::(?:__cxx11::)?basic_string"
    r"<char, std::char_traits<char>, std::allocator<char> ?>(?: (?=>))?"
)

C_GLUE = re.compile(r"_cgo_[0-9a-f]+_C(?:func|2func)_(.+)|_cgoexp_[0-9a-f]+_(.+)")
GO_GLUE = re.compile(r"(?:.*\.)?(?:_C2?func_(.+)|_cgo_cmalloc|_cgoexpwrap_[0-9a-f]+_(.+))")
GLUE_FILES = ("_cgo_gotypes.go", "_cgo_export.c", "cgo-gcc-prolog", "cgo-gcc-export-header-prolog")

GO_RUNTIME = re.compile(r"runtime(?:/.*)?|internal/runtime/.*|testing|reflect")
C_RUNTIME = re.compile(
    r"_start|__libc_start_\w+|(?:__)?clone3?|start_thread|threadentry"
    r"|crosscall[12]|x_cgo_\w+|_cgo_(?:sys_thread_start|try_pthread_create)"
)

RUST_SIGNS = {"LT": "<", "GT": ">", "RF": "&", "BP": "*", "LP": "(", "RP": ")", "C": ","}
RUST_SIGN = re.compile(r"\$(LT|GT|RF|BP|LP|RP|C|u([0-9a-f]{1,4}))\$")
RUST_LIBRARY = re.compile(r"/rustc/[0-9a-f]+/library/")
PYTHON = re.compile(r"(?:lib)?python3(?:\.[0-9]+)?[a-z]*(?:\.so(?:\.[0-9.]+)?)?")


def language_name(name: str) -> str | None:
    """Translate symbolic's language names ("cpp", "unknown") into the model's ("c++", None)."""
    return LANGUAGES.get(name, name)


def readable_name(symbol: str, language: str | None) -> str:
    """Undo what compilers and linkers did to a name; names we are not sure of stay."""
    if language == "go" or "/" in symbol:
        return go_name(symbol)
    symbol = COMPILER_CLONE.sub("", symbol)
    plain = demangle(symbol)
    return rust_name(plain) if language == "rust" and not symbol.startswith("_R") else plain


def guessed_language(symbol: str) -> str | None:
    """Tell Go's functions from C's in a Go program without debug information: they have dots."""
    return "go" if "." in COMPILER_CLONE.sub("", symbol) else None


def go_name(symbol: str) -> str:
    """Drop the ABI suffix, unescape `%2e`, and write type arguments as Go's own traces do."""
    return GO_SHAPE.sub("[...]", GO_ABI.sub("", symbol).replace("%2e", "."))


def rust_name(symbol: str) -> str:
    """Undo how Rust writes signs that a linker might not like: `$LT$` is `<`, `$u7b$` is `{`."""
    plain = RUST_SIGN.sub(lambda match: RUST_SIGNS.get(match[1]) or chr(int(match[2], 16)), symbol)
    return plain.replace("::_{", "::{").replace("..", "::")


def go_package(function: str) -> str:
    """Cut the import path out of a Go function's name: `example.com/m/x` of `….x.T.Do`."""
    folder, slash, rest = function.partition("[")[0].rpartition("/")
    return folder + slash + rest.partition(".")[0]


def demangle(symbol: str) -> str:
    """Demangle C++ and both schemes of Rust; any other name is returned as it is."""
    if symbol.startswith("_R"):
        return rust_v0_name(symbol)
    if not symbol.startswith("_Z"):
        return symbol
    plain = cxa_demangle(symbol)
    return RUST_HASH.sub("", STD_STRING.sub("std::string", plain)) if plain else symbol


def rust_v0_name(symbol: str) -> str:
    """Demangle Rust's scheme of RFC 2603, without the hashes of crates."""
    try:
        return pyderust.demangle(symbol)
    except ValueError:  # no such name, or one that is no text
        return symbol


def cxa_demangle(symbol: str) -> str | None:
    """Ask the C++ runtime; None when it says no or is not there (tcmalloc brings it along)."""
    runtime = cxx_runtime()
    if runtime is None:
        return None
    status = ctypes.c_int()
    function = runtime["__cxa_demangle"]
    function.restype = ctypes.c_void_p
    text = function(symbol.encode(errors="replace"), None, None, ctypes.byref(status))
    if not text:
        return None
    try:
        return ctypes.string_at(text).decode(errors="replace")
    finally:
        free = ctypes.CDLL(None).free
        free.argtypes = [ctypes.c_void_p]
        free(text)


@functools.cache
def cxx_runtime() -> ctypes.CDLL | None:
    """Load the C++ runtime once; None without one."""
    try:
        return ctypes.CDLL("libstdc++.so.6")
    except OSError:
        return None


def is_glue(frame: Frame) -> bool:
    """Tell whether cgo wrote this frame, on either side of the call."""
    base = (frame.file or "").rpartition("/")[2]
    return base in GLUE_FILES or cgo_match(frame) is not None


def cgo_call(frame: Frame) -> str | None:
    """Name what a glue frame calls as the user wrote it, `C.CString`; None for other frames."""
    match = cgo_match(frame)
    name = match and next(filter(None, match.groups()), None)
    return f"C.{name}" if name else None


def cgo_match(frame: Frame) -> re.Match[str] | None:
    """Match `_cgo_<hash>_Cfunc_<name>` in C and `package._Cfunc_<name>` in Go."""
    pattern = GO_GLUE if frame.language == "go" else C_GLUE
    return pattern.fullmatch(frame.function)


def is_runtime(frame: Frame) -> bool:
    """Tell whether a frame starts programs, threads, goroutines or tests, whatever they do.

    So do Rust's own library and the interpreter of Python.
    """
    if frame.language == "go":
        return GO_RUNTIME.fullmatch(go_package(frame.function)) is not None
    return (
        C_RUNTIME.fullmatch(frame.function) is not None
        or RUST_LIBRARY.match(frame.file or "") is not None
        or PYTHON.fullmatch(frame.module) is not None
    )


def split_creator(stack: Sequence[Frame]) -> tuple[tuple[Frame, ...], tuple[Frame, ...]]:
    """Part a stack from the frame that started its goroutine: the one after `runtime.goexit`."""
    has_creator = len(stack) > 1 and stack[-2].function == "runtime.goexit"
    end = len(stack) - has_creator
    return tuple(stack[:end]), tuple(stack[end:])
