"""What functions are called, and which frames are cgo's or a runtime's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import c_frame, cgo_stack, go_frame

from leakcheck.model import Frame
from leakcheck.symbolise import cgo_call, is_glue, is_runtime, names
from leakcheck.symbolise.names import (
    demangle,
    go_package,
    guessed_language,
    language_name,
    readable_name,
)


@pytest.mark.parametrize(
    ("symbol", "language", "readable"),
    [
        ("example.com/m.Open", "go", "example.com/m.Open"),
        ("example.com/m._Cfunc_outer.abi0", "go", "example.com/m._Cfunc_outer"),
        ("runtime.asmcgocall.abi0", None, "runtime.asmcgocall.abi0"),
        ("gopkg.in/yaml%2ev3.Unmarshal", "go", "gopkg.in/yaml.v3.Unmarshal"),
        ("m.Map[go.shape.int,go.shape.[]string]", "go", "m.Map[...]"),
        ("m.(*Set[go.shape.int]).Add", "go", "m.(*Set[...]).Add"),
        ("m.F[example.com/other.T]", "go", "m.F[example.com/other.T]"),
        ("m.F[go.shape.struct { Next *m.List[go.shape.int] }]", "go", "m.F[...]"),
        ("probe_open.constprop.0", "c", "probe_open"),
        ("probe_open.part.0.isra.0", "c", "probe_open"),
        ("probe_open.cold", None, "probe_open"),
        ("probe.v2", "c", "probe.v2"),
        ("_ZN5media3BoxIiE4fillEPi", "c++", "media::Box<int>::fill(int*)"),
        ("_ZN5media3BoxIiE4fillEPi.isra.0", None, "media::Box<int>::fill(int*)"),
        (
            "_ZN2ns2goERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
            "c++",
            "ns::go(std::string const&)",
        ),
        ("_ZN4core3fmt5write17h0123456789abcdefE", "rust", "core::fmt::write"),
        ("_RNvNtCs1234_7mycrate3foo3bar", "rust", "mycrate::foo::bar"),
        ("_RNCNvC4leak4main0.llvm.4242", None, "leak::main::{closure#0}"),
        ("_RINvNtC3std3mem8align_ofdE", "rust", "std::mem::align_of::<f64>"),
        ("_Render", "c", "_Render"),
        ("_R\udc80", "c", "_R\udc80"),
        ("_Znot_a_mangled_name", "c", "_Znot_a_mangled_name"),
        ("_Z", "c++", "_Z"),
        ("operator()", "c++", "operator()"),
    ],
)
def test_names_read_as_in_the_source(symbol: str, language: str | None, readable: str) -> None:
    assert readable_name(symbol, language) == readable


@pytest.mark.parametrize(
    ("symbol", "language"),
    [
        ("runtime.cgocall", "go"),
        ("example.com/m.Open", "go"),
        ("runtime.asmcgocall.abi0", "go"),
        ("probe_open", None),
        ("probe_open.cold", None),
        ("_ZN5media3BoxIiE4fillEPi.part.0", None),
    ],
)
def test_in_a_stripped_go_program_dots_tell_go_from_c(symbol: str, language: str | None) -> None:
    assert guessed_language(symbol) == language


@pytest.mark.parametrize(
    ("symbol", "plain"),
    [
        ("labels::tests::lost::_$u7b$$u7b$closure$u7d$$u7d$", "labels::tests::lost::{{closure}}"),
        ("_$LT$T$u20$as$u20$core..any..Any$GT$::type_id", "_<T as core::any::Any>::type_id"),
        (
            "_ZN6labels1f28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE",
            "labels::f::{{closure}}",
        ),
        ("labels::copy", "labels::copy"),
    ],
)
def test_signs_in_names_of_rust_are_written_as_such(symbol: str, plain: str) -> None:
    assert names.readable_name(symbol, "rust") == plain


def test_a_machine_without_a_cxx_runtime_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise OSError(name)

    names.cxx_runtime.cache_clear()
    monkeypatch.setattr(names.ctypes, "CDLL", refuse)
    assert names.cxx_runtime() is None
    names.cxx_runtime.cache_clear()


def test_without_a_cxx_runtime_mangled_names_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "cxx_runtime", lambda: None)
    assert demangle("_ZN5media3BoxIiE4fillEPi") == "_ZN5media3BoxIiE4fillEPi"


@given(st.text(), st.sampled_from(["go", "c", "c++", None]))
def test_no_name_is_too_odd(symbol: str, language: str | None) -> None:
    assert isinstance(readable_name(symbol, language), str)


@given(st.text(alphabet="_ZNKSt0123456789EvIihPabcT_", max_size=40))
def test_no_mangled_name_is_too_odd(rest: str) -> None:
    assert demangle("_Z" + rest)


@pytest.mark.parametrize(
    ("theirs", "ours"), [("cpp", "c++"), ("c", "c"), ("go", "go"), ("unknown", None)]
)
def test_languages_have_their_usual_names(theirs: str, ours: str | None) -> None:
    assert language_name(theirs) == ours


@pytest.mark.parametrize(
    ("function", "package"),
    [
        ("runtime.goexit", "runtime"),
        ("example.com/m/x.(*T).Do", "example.com/m/x"),
        ("example.com/m/x.F[example.com/other.T]", "example.com/m/x"),
        ("main.main", "main"),
        ("testing.example.com/m.Run", "testing.example.com/m"),
    ],
)
def test_the_package_is_cut_out_of_a_go_name(function: str, package: str) -> None:
    assert go_package(function) == package


@pytest.mark.parametrize(
    ("frame", "glue", "call"),
    [
        (
            c_frame("_cgo_0123456789ab_Cfunc_probe_open", "/b/cgo-gcc-prolog:1"),
            True,
            "C.probe_open",
        ),
        (c_frame("_cgo_0123456789ab_C2func_probe_open"), True, "C.probe_open"),
        (c_frame("_cgo_29f64ccee2c9_Cfunc__Cmalloc", "/b/_cgo_export.c:3"), True, "C._Cmalloc"),
        (go_frame("example.com/m._Cfunc_CString", "_cgo_gotypes.go:3"), True, "C.CString"),
        (go_frame("example.com/m._C2func_f", "_cgo_gotypes.go:3"), True, "C.f"),
        (go_frame("example.com/m._cgo_cmalloc", "_cgo_gotypes.go:3"), True, None),
        (c_frame("goCallback", "/b/_cgo_export.c:30"), True, None),
        (go_frame("_cgoexp_0123456789ab_goCallback", "_cgo_gotypes.go:9"), True, None),
        (c_frame("probe_open", "/src/probe.c:3"), False, None),
        (c_frame("my_Cfunc_x", "/src/probe.c:3"), False, None),
        (c_frame("_cgo_sys_thread_start", "/r/gcc_linux_amd64.c:3"), False, None),
        (go_frame("example.com/m.Open", "/src/m.go:3"), False, None),
        (go_frame("example.com/m_Cfunc_.Open", "/src/m.go:3"), False, None),
    ],
    ids=lambda value: value.function if isinstance(value, Frame) else "",
)
def test_frames_written_by_cgo_are_known(frame: Frame, *, glue: bool, call: str | None) -> None:
    assert is_glue(frame) is glue
    assert cgo_call(frame) == call


@pytest.mark.parametrize(
    "frame",
    [
        go_frame("runtime.cgocall", "/go/src/runtime/cgocall.go:1"),
        go_frame("runtime/cgo.NewHandle", "/go/src/runtime/cgo/handle.go:1"),
        go_frame("internal/runtime/atomic.Load", "/go/src/x.go:1"),
        go_frame("testing.tRunner", "/go/src/testing/testing.go:1"),
        go_frame("testing.(*T).Run", "/go/src/testing/testing.go:1"),
        go_frame("reflect.Value.Call", "/go/src/reflect/value.go:1"),
        c_frame("__libc_start_main"),
        c_frame("__libc_start_call_main"),
        c_frame("_start"),
        c_frame("start_thread"),
        c_frame("__clone3"),
        c_frame("crosscall2"),
        Frame(
            function="core::ops::call",
            file="/rustc/59807616e1/library/core/src/ops.rs",
            language="rust",
        ),
        Frame(function="PyObject_Vectorcall", module="python3.11"),
        Frame(
            function="_PyEval_EvalFrameDefault",
            file="/build/Python/ceval.c",
            module="libpython3.13.so.1.0",
        ),
    ],
    ids=lambda frame: frame.function,
)
def test_frames_that_start_things_are_a_runtimes(frame: Frame) -> None:
    assert is_runtime(frame)


@pytest.mark.parametrize(
    "frame",
    [
        go_frame("example.com/runtime.Open", "/src/m.go:3"),
        go_frame("testing.example.com/m.Open", "/src/m.go:3"),
        go_frame("main.main", "/src/main.go:3"),
        c_frame("main", "/src/main.c:3"),
        c_frame("runtime.open", "/src/main.c:3"),
        c_frame("clone_box", "/src/main.c:3"),
        Frame(function="labels::copy", file="/src/rustc/library/lib.rs", language="rust"),
        Frame(function="PyInit_labels", module="labels.cpython-311-x86_64-linux-gnu.so"),
        Frame(function="wrap_python", module="libpython3-wrapper.so"),
    ],
    ids=lambda frame: frame.function,
)
def test_the_users_frames_are_not_a_runtimes(frame: Frame) -> None:
    assert not is_runtime(frame)
    assert not is_glue(frame)


def test_between_c_and_a_test_only_the_users_functions_are_left() -> None:
    left = [f.function for f in cgo_stack("probe_open") if not (is_glue(f) or is_runtime(f))]
    assert left == ["example.com/ann/mediaprobe.Open", "example.com/ann/mediaprobe.TestProbe"]
