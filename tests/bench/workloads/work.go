// Package work does what makes an allocator and whoever watches it work.
package work

/*
#cgo CFLAGS: -O2 -g -fomit-frame-pointer
#cgo LDFLAGS: -pthread
#include "work.h"
*/
import "C"

import (
	"fmt"
	"os"
	"sync"
)

// Churn allocates and frees, count times on each of so many goroutines in C.
func Churn(goroutines, count int) {
	var all sync.WaitGroup
	for i := 0; i < goroutines; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			C.churn(C.long(count))
		}()
	}
	all.Wait()
}

// Deep allocates and frees below 20 frames of C.
func Deep(count int) { C.churn_deep(C.long(count)) }

// Keep leaves a list of so many blocks in use.
func Keep(count int) { C.keep(C.long(count)) }

// Threads churns on so many threads of C at a time.
func Threads(threads, count int) { C.run_threads(C.long(threads), C.long(count)) }

// Lose leaks so many blocks.
func Lose(count, bytes int) { C.lose(C.long(count), C.long(bytes)) }

// Leave says when the tests ended, and ends the program: through libc where BENCH_LEAVE asks.
func Leave(code int) {
	fmt.Printf("bench: tests ended at %.6f\n", float64(C.now_s()))
	if os.Getenv("BENCH_LEAVE") == "libc" {
		C.leave(C.int(code))
	}
	os.Exit(code)
}
