// Package gorepeat loses memory in each run of its tests, or in the first only.
package gorepeat

/*
#include <stdlib.h>

static void hide(void *block) { __asm__ volatile("" : : "r"(block) : "memory"); }
static __attribute__((noinline)) void lose_each(void) { hide(malloc(40)); }
static __attribute__((noinline)) void lose_once(void) { hide(malloc(50)); }
*/
import "C"
import "sync"

var once sync.Once

// LoseEach loses count blocks.
func LoseEach(count int) {
	for i := 0; i < count; i++ {
		C.lose_each()
	}
}

// LoseOnce loses count blocks when it is called first.
func LoseOnce(count int) {
	once.Do(func() {
		for i := 0; i < count; i++ {
			C.lose_once()
		}
	})
}
