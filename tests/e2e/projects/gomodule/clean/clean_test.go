package clean

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFreed(t *testing.T) { UseAndFree("text") }

func TestKeptInC(t *testing.T) { KeepInC(100) }

func TestKeptInGo(t *testing.T) { KeepInGo(100) }

func TestKeptInGoHeap(t *testing.T) { KeepInGoHeap(100) }

func TestRunsInItsFolder(t *testing.T) {
	if _, err := os.Stat("clean_test.go"); err != nil {
		t.Error(err)
	}
	folder, err := os.Getwd()
	if err != nil || filepath.Base(folder) != "clean" || os.Getenv("PWD") != folder {
		t.Error(folder, os.Getenv("PWD"), err)
	}
}

func TestSeesAPlainEnvironment(t *testing.T) {
	for _, name := range []string{"LD_PRELOAD", "HEAPCHECK", "HEAPPROFILE"} {
		if value, set := os.LookupEnv(name); set {
			t.Errorf("%s=%s", name, value)
		}
	}
}
