package work

import (
	"os"
	"strconv"
	"testing"
)

const (
	lostBlocks = 7
	lostBytes  = 1000
)

type object struct {
	next  *object
	words [30]uintptr
}

var held *object

func TestMain(m *testing.M) { Leave(m.Run()) }

// amount is how much to do: BENCH_COUNT.
func amount(t *testing.T) int {
	count, err := strconv.Atoi(os.Getenv("BENCH_COUNT"))
	if err != nil {
		t.Fatal("BENCH_COUNT:", err)
	}
	return count
}

func TestChurn(t *testing.T) {
	Churn(1, amount(t))
	Lose(lostBlocks, lostBytes)
}

func TestChurnFour(t *testing.T) {
	Churn(4, amount(t)/4)
	Lose(lostBlocks, lostBytes)
}

func TestDeep(t *testing.T) {
	Deep(amount(t))
	Lose(lostBlocks, lostBytes)
}

func TestLive(t *testing.T) {
	Keep(amount(t))
	Lose(lostBlocks, lostBytes)
}

func TestThreads(t *testing.T) {
	Threads(64, amount(t)/64)
	Lose(lostBlocks, lostBytes)
}

// TestGoHeap holds a Go heap of so many objects of 256 bytes, half of them reachable only
// through others, and makes C allocate a little beside it.
func TestGoHeap(t *testing.T) {
	for i := 0; i < amount(t); i++ {
		held = &object{next: held}
		if i%100 == 0 {
			Churn(1, 10)
		}
	}
	Lose(lostBlocks, lostBytes)
}
