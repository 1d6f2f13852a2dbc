package leaks

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestFinishedGoroutines(t *testing.T) {
	var all sync.WaitGroup
	for i := 0; i < 10; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			Malloc(110)
		}()
	}
	all.Wait()
}

func worker(sizes <-chan int, done chan<- struct{}) {
	for size := range sizes {
		Malloc(size)
	}
	close(done)
}

func TestNamedGoroutine(t *testing.T) {
	sizes, done := make(chan int), make(chan struct{})
	go worker(sizes, done)
	for i := 0; i < 4; i++ {
		sizes <- 112
	}
	close(sizes)
	<-done
}

type group struct{ all sync.WaitGroup }

func (g *group) start(work func()) {
	g.all.Add(1)
	go func() {
		defer g.all.Done()
		work()
	}()
}

// Neither the goroutine's own function nor what started it is a test.
func TestGoroutineOfGroup(t *testing.T) {
	var g group
	for i := 0; i < 3; i++ {
		g.start(func() { Malloc(137) })
	}
	g.all.Wait()
}

var ready = make(chan struct{})

func background() {
	Malloc(111)
	close(ready)
}

// Only the goroutine's creation tells which test it belongs to.
func TestGoroutineWithoutArguments(t *testing.T) {
	go background()
	<-ready
}

// Each server has channels of its own: both still listen when the other's test runs.
var requests, answers = make(chan int), make(chan int)
var requestsC, answersC = make(chan int), make(chan int)

func serve() {
	for size := range requests {
		buffer, err := NewBuffer(size)
		if err != nil {
			panic(err)
		}
		buffer.Fill(1)
		answers <- buffer.Sum()
	}
}

// The goroutine that loses the buffers is still there when the tests end.
func TestWorkerThatStays(t *testing.T) {
	go serve()
	for i := 0; i < 5; i++ {
		requests <- 134
		if <-answers != 134 {
			t.Error("wrong sum")
		}
	}
}

func serveC() {
	for size := range requestsC {
		data := MallocPointer(size)
		*(*byte)(data) = 1
		answersC <- int(*(*byte)(data))
	}
}

func TestWorkerThatStaysWithPointer(t *testing.T) {
	go serveC()
	for i := 0; i < 5; i++ {
		requestsC <- 135
		<-answersC
	}
}

func TestSubtest(t *testing.T) {
	t.Run("clean", func(t *testing.T) {})
	t.Run("leaking", func(t *testing.T) { Malloc(113) })
}

func TestParallel(t *testing.T) {
	for _, name := range []string{"one", "two", "three", "four"} {
		name := name
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range name {
				Malloc(114)
			}
		})
	}
}

// The subtest's own goroutine never calls C.
func TestGoroutineOfSubtest(t *testing.T) {
	t.Run("one", func(t *testing.T) {
		var g group
		g.start(func() {
			g.start(func() { Malloc(138) })
			Malloc(138)
		})
		g.all.Wait()
	})
}

func TestHelperOfSubtest(t *testing.T) {
	for _, size := range []int{115, 116} {
		t.Run("size", func(t *testing.T) {
			helper(t, size)
		})
	}
}

func helper(t *testing.T, size int) {
	t.Helper()
	buffer, err := NewBuffer(size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { buffer.Fill(0) })
}

func TestCleanup(t *testing.T) {
	t.Cleanup(func() { Malloc(117) })
}

func TestRecoveredPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	buffer, _ := NewBuffer(118)
	if buffer.Sum() != -1 {
		panic(errors.New("before the buffer is closed"))
	}
	buffer.Close()
}

// A thread ends with the goroutine that is locked to it, but for the main thread, which waits
// for ever: that one is kept occupied.
func TestEndedLockedThread(t *testing.T) {
	release, ended := make(chan struct{}), make(chan bool)
	defer close(release)
	work := func() {
		runtime.LockOSThread() // and not unlocked: the thread ends with the goroutine
		if syscall.Gettid() == os.Getpid() {
			ended <- false
			<-release
			runtime.UnlockOSThread()
			return
		}
		SetThreadLocal(119)
		ended <- true
	}
	go work()
	for !<-ended {
		go work()
	}
	time.Sleep(50 * time.Millisecond) // until the thread is gone
}
