from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leakcheck.adoption.cgoscan import find_module_folders, imports_c, scan_cgo_folders

if TYPE_CHECKING:
    from pathlib import Path

CGO = '// #include <stdlib.h>\nimport "C"\n'


def write(root: Path, **files: str) -> Path:
    """Make files; `__` stands for a slash and `_dot_` for a dot."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    "source",
    [
        'package m\nimport "C"\n',
        'package m\n\nimport "C" // glue\n',
        'package m\nimport (\n\t"fmt"\n\t"C"\n)\n',
        'package m\nimport "C";\n',
    ],
)
def test_an_import_of_c_is_seen(source: str) -> None:
    assert imports_c(source)


@pytest.mark.parametrize(
    "source",
    [
        'package m\nimport "fmt"\n',
        'package m\n// import "C"\n',
        'package m\nvar grade = "C"\n',
        'package m\nimport "Cgo"\n',
        "",
    ],
)
def test_what_only_looks_like_one_is_none(source: str) -> None:
    assert not imports_c(source)


def test_folders_are_those_of_the_module_itself(tmp_path: Path) -> None:
    write(
        tmp_path,
        go_dot_mod="",
        codec__a_dot_go=CGO,
        codec__b_dot_txt=CGO,
        plain__a_dot_go="package plain",
        nested__go_dot_mod="",
        nested__deep__a_dot_go=CGO,
        vendor__x__a_dot_go=CGO,
        testdata__a_dot_go=CGO,
    )

    assert scan_cgo_folders(tmp_path) == (tmp_path / "codec",)
    assert scan_cgo_folders(tmp_path / "nested") == (tmp_path / "nested" / "deep",)


def test_modules_that_go_does_not_look_into_are_no_modules(tmp_path: Path) -> None:
    names = ("b__go_dot_mod", "a__go_dot_mod", "vendor__v__go_dot_mod", "testdata__go_dot_mod")
    write(tmp_path, **dict.fromkeys(names, ""), _dot_hidden__go_dot_mod="", _old__go_dot_mod="")

    assert find_module_folders(tmp_path) == (tmp_path / "a", tmp_path / "b")


def test_a_source_that_cannot_be_read_imports_nothing(tmp_path: Path) -> None:
    (tmp_path / "gone.go").symlink_to(tmp_path / "nowhere")

    assert scan_cgo_folders(tmp_path) == ()
