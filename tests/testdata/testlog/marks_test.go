package marks

import (
	"fmt"
	"os"
	"testing"
)

func TestPasses(t *testing.T) { fmt.Print("printed"); t.Log("logged") }
func TestFails(t *testing.T)  { t.Error("one\ntwo"); t.Errorf("bad \x16 byte") }
func TestSkips(t *testing.T)  { t.Skip("not today") }
func TestParent(t *testing.T) {
	t.Run("good", func(t *testing.T) { t.Log("fine") })
	t.Run("bad (x)", func(t *testing.T) { t.Fatal("no") })
}
func TestParallelA(t *testing.T) { t.Parallel(); t.Log("a") }
func TestParallelB(t *testing.T) { t.Parallel(); t.Log("b"); t.Fail() }
func Example_format() {
	fmt.Println("x")
	// Output: y
}
func TestPanics(t *testing.T) {
	switch os.Getenv("HOW") {
	case "panic":
		panic("boom")
	case "exit":
		os.Exit(3)
	}
}
