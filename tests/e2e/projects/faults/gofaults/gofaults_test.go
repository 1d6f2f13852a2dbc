package gofaults

import (
	"log"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
)

func TestNothing(t *testing.T) { Lose() }

func TestLogFatal(t *testing.T) {
	Lose()
	log.Fatal("on purpose")
}

func TestExitZero(t *testing.T) {
	Lose()
	os.Exit(0)
}

func TestExitInThread(t *testing.T) {
	Lose()
	ExitInThread(3)
}

func TestExitZeroInThread(t *testing.T) {
	Lose()
	ExitInThread(0)
}

func TestExitRaw(t *testing.T) {
	Lose()
	ExitRaw()
}

func TestBecomeAnother(t *testing.T) {
	Lose()
	BecomeAnother()
}

func TestFork(t *testing.T) {
	Lose()
	Fork()
}

func TestCommands(t *testing.T) {
	Lose()
	if output, err := exec.Command("sh", "-c", "exit 0").CombinedOutput(); err != nil {
		t.Fatal(err, output)
	}
}

// A child that is the same test binary again runs plain: nothing of it is in the report.
func TestItself(t *testing.T) {
	Lose()
	child := exec.Command(os.Args[0], "-test.run=^TestNothing$")
	if output, err := child.CombinedOutput(); err != nil {
		t.Fatal(err, string(output))
	}
}

// With cgo the Go runtime never says "all goroutines are asleep": C might wake one.
func TestDeadlock(t *testing.T) {
	Lose()
	select {}
}

func TestConcurrentMapWrites(t *testing.T) {
	Lose()
	broken := map[int]int{}
	for i := 0; i < 8; i++ {
		go func() {
			for n := 0; ; n++ {
				broken[n%7]++
			}
		}()
	}
	select {}
}

func TestStackOverflow(t *testing.T) {
	Lose()
	debug.SetMaxStack(1 << 20)
	var deeper func(n int) int
	deeper = func(n int) int { return deeper(n+1) + 1 }
	deeper(0)
}

func TestPanicInGoroutine(t *testing.T) {
	Lose()
	var done sync.WaitGroup
	done.Add(1)
	go func() {
		defer done.Done()
		panic("in a goroutine")
	}()
	done.Wait()
	runtime.Gosched()
}

func TestHandlers(t *testing.T) {
	Lose()
	LoseInHandler(20)
}
