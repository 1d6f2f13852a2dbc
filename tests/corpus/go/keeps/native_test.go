package keeps

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

func TestGlobal(t *testing.T) { InGlobal(201) }

func TestInteriorPointer(t *testing.T) { InsideGlobal(202) }

func TestListHead(t *testing.T) { List(50) }

func TestTable(t *testing.T) { Table(20) }

func TestMapping(t *testing.T) { InMapping(203) }

func TestThreadLocal(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	InThreadLocal(204)
}

func TestThreadKey(t *testing.T) { ForKey(205) }

func TestLiveThreadsStack(t *testing.T) { OnStack(206) }

func TestLiveThreadsRegister(t *testing.T) { InRegister(207) }

func TestLiveThreadsVectorRegister(t *testing.T) { InVectorRegister(208) }

func TestBusyThreadsRegister(t *testing.T) { InBusyRegister(209) }

func TestThreadArgument(t *testing.T) { InThreadArgument(210) }

const plugin = `#include <stdlib.h>
static char *volatile held;
void plugin_keep(size_t bytes) { held = malloc(bytes); }
`

func TestLoadedLibrary(t *testing.T) {
	source := filepath.Join(t.TempDir(), "plugin.c")
	library := filepath.Join(filepath.Dir(source), "plugin.so")
	if err := os.WriteFile(source, []byte(plugin), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.Command("cc", "-shared", "-fPIC", "-o", library, source).CombinedOutput(); err != nil {
		t.Fatalf("cc: %v\n%s", err, said)
	}
	if !InLibrary(library, 211) {
		t.Fatal("the library was not loaded")
	}
}

func TestExitHandler(t *testing.T) { FreedAtExit(212) }

func TestOpenFile(t *testing.T) { OpenFile(filepath.Join(t.TempDir(), "open")) }

func TestEnvironment(t *testing.T) {
	Environment("KEPT_NAME", "a value")
	t.Setenv("KEPT_TOO", "another value")
	for i := 0; i < 20; i++ {
		os.Setenv("KEPT_AGAIN", string(rune('a'+i)))
	}
}
