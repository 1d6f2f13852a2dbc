package keeps

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

// One variable for each test, so that all of them can run together.
var (
	global     *Block
	pointer    unsafe.Pointer
	byName     = map[string]*Block{}
	bySize     = map[int]unsafe.Pointer{}
	blocks     []*Block
	pointers   []unsafe.Pointer
	shortened  []*Block
	anything   any
	buffered   = make(chan *Block, 4)
	handle     uintptr
	handles    []uintptr
	atExit     func()
	concurrent sync.Map
	current    atomic.Pointer[Block]
	tree       struct{ left, right, unused *Block }
	byValue    [4]Block
	view       []byte
	rest       []byte
	canceled   context.Context
	cancel     context.CancelFunc
)

func TestGoGlobal(t *testing.T) { global = NewBlock(221) }

func TestGoGlobalPointer(t *testing.T) { pointer = Pointer(222) }

func TestMap(t *testing.T) {
	byName["a"], byName["b"] = NewBlock(223), NewBlock(224)
}

func TestMapOfPointers(t *testing.T) {
	for i := 0; i < 100; i++ {
		bySize[i] = Pointer(225)
	}
}

func TestSlice(t *testing.T) {
	for i := 0; i < 10; i++ {
		blocks = append(blocks, NewBlock(226))
		pointers = append(pointers, Pointer(227))
	}
}

// What lies behind a slice's length is still in its array.
func TestShortenedSlice(t *testing.T) {
	for i := 0; i < 10; i++ {
		shortened = append(shortened, NewBlock(228))
	}
	shortened = shortened[:1]
}

func TestInterface(t *testing.T) { anything = NewBlock(229) }

func TestChannelBuffer(t *testing.T) {
	buffered <- NewBlock(230)
	buffered <- NewBlock(231)
}

func TestHandle(t *testing.T) { handle = Handle(232) }

func TestHandles(t *testing.T) {
	for i := 0; i < 3; i++ {
		handles = append(handles, Handle(233))
	}
}

func TestSyncMap(t *testing.T) { concurrent.Store("key", NewBlock(234)) }

func TestAtomicPointer(t *testing.T) { current.Store(NewBlock(235)) }

func TestArrayOfStructs(t *testing.T) {
	tree.right = NewBlock(236)
	byValue[2] = *NewBlock(237)
}

func TestClosure(t *testing.T) {
	block := NewBlock(238)
	atExit = func() { block.Free() }
}

func TestBlockedGoroutine(t *testing.T) {
	started, never := make(chan struct{}), make(chan struct{})
	go func() {
		block := NewBlock(239)
		close(started)
		<-never
		block.Free()
	}()
	<-started
}

func TestBlockedGoroutineWithPointer(t *testing.T) {
	started, never := make(chan struct{}), make(chan struct{})
	go func() {
		data := Pointer(240)
		close(started)
		<-never
		FreeMemory(data)
	}()
	<-started
}

func TestSleepingGoroutine(t *testing.T) {
	started := make(chan struct{})
	go func() {
		block := NewBlock(241)
		defer block.Free()
		close(started)
		time.Sleep(time.Hour)
	}()
	<-started
}

func TestBusyGoroutine(t *testing.T) {
	started := make(chan struct{})
	go func() {
		block := NewBlock(242)
		close(started)
		for *block.First()++; ; {
			*block.First()++
		}
	}()
	<-started
}

func TestGoroutineInC(t *testing.T) {
	// A goroutine that waits inside of C holds what its Go frames hold.
	started := make(chan struct{})
	go func() {
		block := NewBlock(243)
		close(started)
		WaitForever()
		block.Free()
	}()
	<-started
	time.Sleep(10 * time.Millisecond)
}

func TestGoroutineInCThatHolds(t *testing.T) {
	go HoldForever(253)
	time.Sleep(10 * time.Millisecond)
}

// The compiler keeps track of these apart from the frame's other variables.
func TestVariablesWithAddress(t *testing.T) {
	started, never := make(chan struct{}), make(chan struct{})
	go func() {
		var both [2]Block
		fill(&both)
		close(started)
		<-never
		both[0].Free()
		both[1].Free()
	}()
	<-started
}

//go:noinline
func fill(both *[2]Block) {
	both[0], both[1] = *NewBlock(254), *NewBlock(255)
}

func TestDeferredFree(t *testing.T) {
	started, never := make(chan struct{}), make(chan struct{})
	go func() {
		data := Pointer(256)
		defer FreeMemory(data)
		close(started)
		<-never
	}()
	<-started
}

func TestHandleOfGoroutine(t *testing.T) {
	started, never := make(chan struct{}), make(chan struct{})
	go func() {
		handle := Handle(257)
		close(started)
		<-never
		FreeHandle(handle)
	}()
	<-started
}

func TestView(t *testing.T) { view = unsafe.Slice((*byte)(Pointer(258)), 258) }

func TestViewOfTheRest(t *testing.T) { rest = unsafe.Slice((*byte)(Pointer(259)), 259)[10:] }

func TestCStruct(t *testing.T) { SetPair(260, 261) }

// The Go object that holds a block is held by C alone.
func TestCgoHandle(t *testing.T) { HoldInC(NewBlock(262)) }

func TestTimer(t *testing.T) {
	block := NewBlock(244)
	time.AfterFunc(time.Hour, func() { block.Free() })
}

func TestContext(t *testing.T) {
	block := NewBlock(245)
	canceled, cancel = context.WithCancel(context.WithValue(context.Background(), &byName, block))
}

func TestFinalizer(t *testing.T) {
	for i := 0; i < 10; i++ {
		block := NewBlock(246)
		runtime.SetFinalizer(block, (*Block).Free)
		*block.First() = byte(i)
	}
}

// Each finalizer lets go of the next object.
func TestFinalizerChain(t *testing.T) {
	type link struct {
		block *Block
		next  *link
	}
	var head *link
	for i := 0; i < 8; i++ {
		head = &link{block: NewBlock(247), next: head}
		runtime.SetFinalizer(head, func(l *link) { l.block.Free() })
	}
}

func TestSlowFinalizer(t *testing.T) {
	block := NewBlock(248)
	runtime.SetFinalizer(block, func(b *Block) {
		time.Sleep(100 * time.Millisecond)
		b.Free()
	})
}

func TestPool(t *testing.T) {
	pool := sync.Pool{New: func() any {
		block := NewBlock(249)
		runtime.SetFinalizer(block, (*Block).Free)
		return block
	}}
	first, second := pool.Get().(*Block), pool.Get().(*Block)
	*first.First(), *second.First() = 1, 2
	pool.Put(first)
	pool.Put(second)
}
