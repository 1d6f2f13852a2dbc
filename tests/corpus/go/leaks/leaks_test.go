package leaks

import (
	"fmt"
	"strings"
	"testing"
)

func TestMalloc(t *testing.T) { Malloc(101) }

func TestCalloc(t *testing.T) { Calloc(11, 13) }

func TestReallocMoves(t *testing.T) { Realloc(100, 5000) }

func TestReallocInPlace(t *testing.T) { Realloc(1030, 1040) }

func TestReallocShrinks(t *testing.T) { Realloc(5000, 100) }

func TestPosixMemalign(t *testing.T) { PosixMemalign(256, 301) }

func TestAlignedAlloc(t *testing.T) { AlignedAlloc(64, 192) }

func TestStrdup(t *testing.T) { Strdup("twenty-two characters.") }

func TestAsprintf(t *testing.T) { Asprintf(12345) }

func TestDirectory(t *testing.T) { Directory(t.TempDir()) }

func TestZeroBytes(t *testing.T) { Malloc(0) }

func TestLargeBlock(t *testing.T) { Malloc(5 << 20) }

func TestOverwrittenGlobal(t *testing.T) { OverwriteGlobal(111, 222) }

func TestAfterChurn(t *testing.T) { AfterChurn(100000, 77) }

func TestList(t *testing.T) { List(5) }

func TestLongList(t *testing.T) { List(100000) }

func TestCycle(t *testing.T) { Cycle(3) }

func TestTree(t *testing.T) { Tree(3) }

func TestPair(t *testing.T) { Pair(31, 32) }

func TestThread(t *testing.T) { InThread(104) }

func TestDetachedThread(t *testing.T) { InDetachedThread(105) }

func TestThreadLocalOfFinishedThread(t *testing.T) { ThreadLocal(106) }

func TestKeyOfFinishedThread(t *testing.T) { ThreadKey(107) }

func TestStackOfFinishedThread(t *testing.T) { OnReusedStack(131) }

func TestNew(t *testing.T) { New() }

func TestNewArray(t *testing.T) { NewArray(3) }

func TestObjectWithMembers(t *testing.T) { ObjectWithMembers() }

func TestCString(t *testing.T) {
	if CString("hello") != 'h' {
		t.Error("the text did not arrive")
	}
}

func TestCStringInALoop(t *testing.T) {
	for i := 0; i < 100; i++ {
		CString(strings.Repeat("x", i%10))
	}
}

func TestCBytes(t *testing.T) {
	if CBytes([]byte{9, 8, 7}) != 9 {
		t.Error("the bytes did not arrive")
	}
}

func TestDroppedStruct(t *testing.T) {
	buffer, err := NewBuffer(300)
	if err != nil {
		t.Fatal(err)
	}
	buffer.Fill(1)
	if buffer.Sum() != 300 {
		t.Error("wrong sum")
	}
}

func TestCallback(t *testing.T) { Callback(108) }

func TestCallbackInThread(t *testing.T) { CallbackInThread(120) }

func TestCallbackTwice(t *testing.T) { CallbackTwice(128) }

func TestFailing(t *testing.T) {
	buffer, err := NewBuffer(109)
	if err != nil {
		t.Fatal(err)
	}
	if buffer.Sum() != -1 {
		t.Fatal("this test fails on purpose, before it closes the buffer")
	}
	buffer.Close()
}

func ExampleNewBuffer() {
	buffer, err := NewBuffer(129)
	fmt.Println(buffer.size, err)
	// Output: 129 <nil>
}

func FuzzNewBuffer(f *testing.F) {
	f.Add(130)
	f.Fuzz(func(t *testing.T, size int) {
		if _, err := NewBuffer(size); err != nil {
			t.Skip()
		}
	})
}
