package keeps

import (
	"testing"
	"unsafe"
)

var (
	never   = make(chan struct{})
	stop    int
	visited int
)

// Held starts a goroutine, which calls ready when it holds its blocks, and waits for that.
func inGoroutine(hold func(ready func())) {
	started := make(chan struct{})
	go hold(func() { close(started) })
	<-started
}

//go:noinline
func call(function func()) { function() }

type owner interface{ release() }

type inner struct{ block *Block }

func (i *inner) release() { i.block.Free() }

type outer struct {
	size  int
	inner *inner
}

//go:noinline
func releaseAll(o *outer) { o.inner.release() }

func TestArrayOnStack(t *testing.T) {
	inGoroutine(func(ready func()) {
		var held [8]unsafe.Pointer
		for i := range held {
			held[i] = Pointer(264)
		}
		ready()
		<-never
		for i := range held {
			FreeMemory(held[(i+visited)%8])
		}
	})
}

func TestSliceOnStack(t *testing.T) {
	inGoroutine(func(ready func()) {
		held := make([]*Block, 0, 4)
		for i := 0; i < 3; i++ {
			held = append(held, NewBlock(265))
		}
		ready()
		<-never
		for _, block := range held {
			block.Free()
		}
	})
}

func TestMapOnStack(t *testing.T) {
	inGoroutine(func(ready func()) {
		held := map[int]unsafe.Pointer{1: Pointer(266), 2: Pointer(267)}
		ready()
		<-never
		FreeMemory(held[1+visited])
		FreeMemory(held[2+visited])
	})
}

func TestClosureOnStack(t *testing.T) {
	inGoroutine(func(ready func()) {
		block, other := NewBlock(268), Pointer(269)
		free := func() {
			block.Free()
			FreeMemory(other)
			other = nil
		}
		ready()
		<-never
		call(free)
	})
}

func TestMethodValueOnStack(t *testing.T) {
	inGoroutine(func(ready func()) {
		free := NewBlock(270).Free
		ready()
		<-never
		call(free)
	})
}

func TestChainOnStack(t *testing.T) {
	inGoroutine(func(ready func()) {
		within := inner{NewBlock(271)}
		around := outer{inner: &within}
		ready()
		<-never
		releaseAll(&around)
	})
}

func TestInterfaceOnStack(t *testing.T) {
	inGoroutine(func(ready func()) {
		var held owner = &inner{NewBlock(272)}
		ready()
		<-never
		held.release()
	})
}

// In Go 1.23 and older a program, not a mask, says where its pointers are.
func TestLargeArrayOnStack(t *testing.T) {
	inGoroutine(func(ready func()) {
		var held [300]struct {
			words [4]uintptr
			data  unsafe.Pointer
		}
		for i := range held {
			held[i].data = Pointer(273)
		}
		ready()
		<-never
		for i := range held {
			FreeMemory(held[(i+visited)%300].data)
		}
	})
}

func TestDeferredClosures(t *testing.T) {
	inGoroutine(func(ready func()) {
		for i := 0; i < 2; i++ {
			block := NewBlock(274)
			defer func() { block.Free() }()
		}
		if other := Pointer(275); visited == 0 {
			defer func() { FreeMemory(other) }()
		}
		ready()
		<-never
	})
}

func TestArgumentsOfGoroutine(t *testing.T) {
	started := make(chan struct{})
	go func(block *Block, data unsafe.Pointer) {
		close(started)
		<-never
		block.Free()
		FreeMemory(data)
	}(NewBlock(276), Pointer(277))
	<-started
}

func TestGoroutineThatSends(t *testing.T) {
	nobody := make(chan unsafe.Pointer)
	other := make(chan *Block)
	started := make(chan struct{}, 2)
	go func() {
		data := Pointer(278)
		started <- struct{}{}
		nobody <- data
	}()
	go func() {
		block := NewBlock(279)
		started <- struct{}{}
		select {
		case other <- block:
		case nobody <- Pointer(280):
		}
	}()
	<-started
	<-started
}

//go:noinline
func descend(depth int, ready func()) *Block {
	held := [2]*Block{NewBlock(281), nil}
	if depth > 0 {
		held[1] = descend(depth-1, ready)
	} else {
		ready()
		<-never
	}
	held[visited%2].Free()
	return held[(visited+1)%2]
}

// The stack grows and moves many times on the way down.
func TestDeepGoroutine(t *testing.T) {
	inGoroutine(func(ready func()) { descend(999, ready) })
}

// Nothing but a register holds the pointer, and the goroutine is stopped in the loop.
func TestRegisterOfGoroutine(t *testing.T) {
	inGoroutine(func(ready func()) {
		first := (*int64)(Pointer(282))
		*first = 1
		ready()
		for sum := int64(0); stop == 0 || sum > 0; {
			sum |= *first
		}
		FreeMemory(unsafe.Pointer(first))
	})
}

// It waits in a deferred function, and the value of the panic is still on the stack.
func TestGoroutineInPanic(t *testing.T) {
	inGoroutine(func(ready func()) {
		block := NewBlock(283)
		defer func() {
			ready()
			<-never
			block.Free()
			FreeMemory(recover().(unsafe.Pointer))
		}()
		panic(Pointer(284))
	})
}
