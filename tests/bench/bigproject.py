"""A Go module whose test binary, with its debug information, is larger than 50 MB.

Half of it is the standard library, the other half generated functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BIG_BINARY_BYTES", "BIG_FLAGS", "render_part", "write_big_project"]

BIG_BINARY_BYTES = 50_000_000
BIG_FLAGS = ("-ldflags=-compressdwarf=false",)
_PARTS = 120
_FUNCTIONS = 250

_MAIN = """\
package big

/*
#include <stdlib.h>
#include <time.h>
static void *volatile slot;
static void lose(void) {
	for (int i = 0; i < 7; i++) {
		slot = malloc(1000);
		slot = NULL;
	}
}
static double now(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
*/
import "C"

func lose()        { C.lose() }
func now() float64 { return float64(C.now()) }
"""

_TEST = """\
package big

import (
	"fmt"
	"os"
	"testing"
	"text/template" // calls methods by name: the linker keeps all exported ones

	_ "archive/zip"
	_ "compress/bzip2"
	_ "crypto/x509"
	_ "database/sql"
	_ "debug/macho"
	_ "encoding/xml"
	_ "expvar"
	_ "go/doc"
	_ "go/importer"
	_ "go/printer"
	_ "html/template"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	_ "log/slog"
	_ "log/syslog"
	_ "math/big"
	_ "net/http/cgi"
	_ "net/http/cookiejar"
	_ "net/http/httptest"
	_ "net/http/httputil"
	_ "net/http/pprof"
	_ "net/mail"
	_ "net/rpc/jsonrpc"
	_ "net/smtp"
	_ "net/textproto"
	_ "text/tabwriter"
)

func TestMain(m *testing.M) {
	code := m.Run()
	fmt.Printf("bench: tests ended at %.6f\\n", now())
	os.Exit(code)
}

func TestLose(t *testing.T) {
	lose()
	if len(os.Args) > 1000 { // never: what is called is linked
		_ = template.Must(template.New("").Parse("")).Execute(os.Stdout, t)
		t.Log(All(map[int]string{}))
	}
}
"""

_FUNCTION = """\
func part{part}f{number}(m map[int]string, n int) string {{
	s := m[n] + fmt.Sprint(n, {number})
	for i, c := range s {{
		if i > {number} {{
			m[i] = string(c) + strings.ToUpper(s)
		}}
	}}
	return strings.Repeat(s, n%3)
}}
"""


def write_big_project(folder: Path) -> None:
    """Write the module; compiling it is up to go."""
    (folder / "go.mod").write_text("module example.com/big\n\ngo 1.21\n")
    (folder / "big.go").write_text(_MAIN)
    (folder / "big_test.go").write_text(_TEST)
    for part in range(_PARTS):
        (folder / f"part{part}.go").write_text(render_part(part, _FUNCTIONS))
    calls = "".join(f"\ts += part{part}(m)\n" for part in range(_PARTS))
    body = f"func All(m map[int]string) (s string) {{\n{calls}\treturn s\n}}\n"
    (folder / "all.go").write_text(f"package big\n\n{body}")


def render_part(part: int, functions: int) -> str:
    """One file: so many functions, and one that calls them all."""
    head = 'package big\n\nimport (\n\t"fmt"\n\t"strings"\n)\n\n'
    bodies = "\n".join(_FUNCTION.format(part=part, number=number) for number in range(functions))
    calls = "".join(f"\ts += part{part}f{number}(m, {number})\n" for number in range(functions))
    return (
        f"{head}{bodies}\nfunc part{part}(m map[int]string) (s string) {{\n{calls}\treturn s\n}}\n"
    )
