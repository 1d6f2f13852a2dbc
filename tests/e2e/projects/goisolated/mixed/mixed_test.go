package mixed

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	fmt.Println("set up")
	os.Exit(m.Run())
}

func TestFirst(t *testing.T) { UseAndFree() }

func TestCrash(t *testing.T) { Crash() }

func TestExit(t *testing.T) { os.Exit(3) }

func TestFailure(t *testing.T) { t.Error("on purpose") }

func TestLast(t *testing.T) { UseAndFree() }
