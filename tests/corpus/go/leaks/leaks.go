// Package leaks loses C memory, each function in one way.
package leaks

/*
#cgo CXXFLAGS: -std=c++17
#include "native.h"
#include <stdlib.h>
*/
import "C"

import (
	"errors"
	"unsafe"
)

// Malloc loses one block.
func Malloc(bytes int) { C.leak_malloc(C.size_t(bytes)) }

// Calloc loses one block.
func Calloc(count, bytes int) { C.leak_calloc(C.size_t(count), C.size_t(bytes)) }

// Realloc loses a block that had another size before.
func Realloc(before, after int) { C.leak_realloc(C.size_t(before), C.size_t(after)) }

// PosixMemalign loses an aligned block.
func PosixMemalign(alignment, bytes int) {
	C.leak_posix_memalign(C.size_t(alignment), C.size_t(bytes))
}

// AlignedAlloc loses an aligned block.
func AlignedAlloc(alignment, bytes int) {
	C.leak_aligned_alloc(C.size_t(alignment), C.size_t(bytes))
}

// Strdup loses a copy that C made; the C.CString it is made from is freed.
func Strdup(text string) {
	ctext := C.CString(text)
	defer C.free(unsafe.Pointer(ctext))
	C.leak_strdup(ctext)
}

// Asprintf loses a text that libc allocated.
func Asprintf(number int) { C.leak_asprintf(C.int(number)) }

// Directory forgets to close a directory.
func Directory(path string) {
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	C.leak_directory(cpath)
}

// OverwriteGlobal loses the first of two blocks that a C global holds in turn.
func OverwriteGlobal(lost, kept int) { C.overwrite_global(C.size_t(lost), C.size_t(kept)) }

// AfterChurn loses three blocks where many others were before.
func AfterChurn(rounds, bytes int) { C.leak_after_churn(C.int(rounds), C.size_t(bytes)) }

// List loses a list of nodes, Cycle a ring of them.
func List(nodes int)  { C.leak_list(C.int(nodes)) }
func Cycle(nodes int) { C.leak_cycle(C.int(nodes)) }

// Tree loses a full binary tree.
func Tree(depth int) { C.leak_tree(C.int(depth)) }

// Pair loses a struct with two blocks.
func Pair(first, second int) { C.leak_pair(C.size_t(first), C.size_t(second)) }

// InThread loses what a C thread allocated, InDetachedThread likewise.
func InThread(bytes int)         { C.leak_in_thread(C.size_t(bytes)) }
func InDetachedThread(bytes int) { C.leak_in_detached_thread(C.size_t(bytes)) }

// ThreadLocal loses what a finished C thread's __thread variable held.
func ThreadLocal(bytes int) { C.leak_thread_local(C.size_t(bytes)) }

// ThreadKey loses what a finished C thread's pthread key held.
func ThreadKey(bytes int) { C.leak_thread_key(C.size_t(bytes)) }

// OnReusedStack loses what a finished C thread's stack held, which another thread has now.
func OnReusedStack(bytes int) { C.leak_on_reused_stack(C.size_t(bytes)) }

// SetThreadLocal gives a block to a __thread variable of the calling thread.
func SetThreadLocal(bytes int) { C.set_thread_local(C.size_t(bytes)) }

// New, NewArray and ObjectWithMembers lose C++ objects.
func New()               { C.leak_new() }
func NewArray(count int) { C.leak_new_array(C.size_t(count)) }
func ObjectWithMembers() { C.leak_object_with_members() }

// CString gives text to C and forgets it.
func CString(text string) int {
	ctext := C.CString(text)
	return int(*ctext)
}

// CBytes gives bytes to C and forgets them.
func CBytes(data []byte) byte {
	cdata := C.CBytes(data)
	return *(*byte)(cdata)
}

// Buffer owns C memory until Close.
type Buffer struct {
	data unsafe.Pointer
	size int
}

// NewBuffer allocates a buffer.
func NewBuffer(size int) (*Buffer, error) {
	if size <= 0 {
		return nil, errors.New("a buffer has a size")
	}
	return &Buffer{data: C.malloc(C.size_t(size)), size: size}, nil
}

// Fill sets every byte.
func (b *Buffer) Fill(value byte) {
	for i := range b.bytes() {
		b.bytes()[i] = value
	}
}

// Sum adds up all bytes.
func (b *Buffer) Sum() int {
	sum := 0
	for _, value := range b.bytes() {
		sum += int(value)
	}
	return sum
}

// Close frees the memory.
func (b *Buffer) Close() {
	C.free(b.data)
	b.data, b.size = nil, 0
}

func (b *Buffer) bytes() []byte { return unsafe.Slice((*byte)(b.data), b.size) }

// MallocPointer leaves it to the caller to free what it allocates.
func MallocPointer(bytes int) unsafe.Pointer { return C.malloc(C.size_t(bytes)) }
