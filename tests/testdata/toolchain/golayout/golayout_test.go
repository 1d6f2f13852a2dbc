package golayout

import (
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"unsafe"
)

// goid is the goroutine's number as the runtime itself prints it.
func goid() (id uint64) {
	buffer := make([]byte, 64)
	fmt.Sscanf(string(buffer[:runtime.Stack(buffer, false)]), "goroutine %d ", &id)
	return id
}

// arenas reads the slice header of the runtime's list of heap arenas.
func arenas(layout string) string {
	var place, bias uint64
	for _, line := range strings.Split(layout+"\n"+Seen(layout), "\n") {
		fmt.Sscanf(line, "go_arenas %v", &place)
		fmt.Sscanf(line, "load_bias %d", &bias)
	}
	return fmt.Sprintf("arenas_len %d\narenas_cap %d\n", Word(bias+place+8), Word(bias+place+16))
}

// TestPeek prints a block for the test's goroutine and one for each of three others.
func TestPeek(t *testing.T) {
	layout := os.Getenv("LAYOUT")
	if layout == "" {
		t.Fatal("LAYOUT is not set")
	}
	block := func() {
		var local int
		text := Seen(layout)
		text += fmt.Sprintf("real_goid %d\n", goid())
		text += fmt.Sprintf("go_local %d\n", uintptr(unsafe.Pointer(&local)))
		text += fmt.Sprintf("go_function %d\n", reflect.ValueOf(TestPeek).Pointer())
		text += fmt.Sprintf("version %s\n", runtime.Version())
		text += arenas(layout)
		fmt.Println(strings.TrimSpace(text) + "\n")
	}
	block()
	for i := 0; i < 3; i++ {
		done := make(chan bool)
		go func() {
			defer close(done)
			runtime.LockOSThread()
			block()
		}()
		<-done
	}
}
