package testmain

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	SetUp(131)
	code := m.Run()
	SetUp(132)
	os.Exit(code)
}

func TestNothing(t *testing.T) {}
