package crashing

import (
	"os"
	"testing"
)

func TestSegfault(t *testing.T) { Segfault() }

func TestPanic(t *testing.T) { panic("on purpose") }

func TestKilled(t *testing.T) { KillSelf() }

func TestAbort(t *testing.T) { Abort() }

func TestExit(t *testing.T) { os.Exit(3) }
