// Package threads loses memory on threads of C, where no frame of Go tells whose it is.
package threads

/*
#include <pthread.h>
#include <stdlib.h>

static void hide(void *block) { __asm__ volatile("" : : "r"(block) : "memory"); }

static void *work(void *bytes) {
  hide(malloc((size_t)bytes));
  return NULL;
}

static void lose_on_thread(size_t bytes) {
  pthread_t thread;
  pthread_create(&thread, NULL, work, (void *)bytes);
  pthread_join(thread, NULL);
}
*/
import "C"

func init() {
	C.lose_on_thread(30)
	C.hide(C.malloc(22))
}

// LoseOnThread loses a block of so many bytes on a thread that C makes.
func LoseOnThread(bytes int) { C.lose_on_thread(C.size_t(bytes)) }
