package leaks

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"
)

var (
	byName = map[string]*Buffer{}
	queue  []*Buffer
	latest any
)

func mustBuffer(t *testing.T, size int) *Buffer {
	t.Helper()
	buffer, err := NewBuffer(size)
	if err != nil {
		t.Fatal(err)
	}
	return buffer
}

func TestDeletedFromMap(t *testing.T) {
	byName["a"], byName["b"] = mustBuffer(t, 121), mustBuffer(t, 122)
	delete(byName, "a")
}

func TestResetSlice(t *testing.T) {
	for i := 0; i < 5; i++ {
		queue = append(queue, mustBuffer(t, 123))
	}
	queue = nil
}

func TestReplacedInterface(t *testing.T) {
	latest = mustBuffer(t, 124)
	latest = mustBuffer(t, 125)
}

func TestReceivedFromChannel(t *testing.T) {
	buffers := make(chan *Buffer, 3)
	for i := 0; i < 3; i++ {
		buffers <- mustBuffer(t, 126)
	}
	close(buffers)
	sum := 0
	for buffer := range buffers {
		buffer.Fill(2)
		sum += buffer.Sum()
	}
	if sum != 3*126*2 {
		t.Error("wrong sum")
	}
}

func TestPoolWithoutFinalizer(t *testing.T) {
	pool := sync.Pool{New: func() any { return mustBuffer(t, 127) }}
	buffer := pool.Get().(*Buffer)
	buffer.Fill(3)
	pool.Put(buffer)
}

var slots [200]*struct{ data unsafe.Pointer }

// The collector notes the pointers that it meets, and those that are written while it works.
func TestWhileCollecting(t *testing.T) {
	var done atomic.Bool
	go func() {
		for !done.Load() {
			runtime.GC()
		}
	}()
	for i := 0; i < 2000; i++ {
		if i < len(slots) {
			slots[i] = new(struct{ data unsafe.Pointer })
		}
		slots[i%len(slots)].data = MallocPointer(136)
	}
	runtime.GC()
	done.Store(true)
	for i := range slots {
		slots[i].data, slots[i] = nil, nil
	}
}
