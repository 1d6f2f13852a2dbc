/* Streams keep where their buffer ends, and tcmalloc puts the next block right there: it would
 * seem held. The checker takes that address out of its frozen copy. */
#define _GNU_SOURCE
#include <stdio.h>

#include "agent.h"

#define MOST_STREAMS 65536

/* libio/genops.c: all open streams; exported, but in no header. */
extern FILE *_IO_list_all __attribute__((weak));

/* As a FILE has them from _IO_read_ptr on, and the wide part of one from its beginning on
 * (libio/libioP.h, struct _IO_wide_data). */
enum { BUFFER_START = 6, BUFFER_END = 7, POINTERS = 8 };

static void forget_end(uintptr_t *pointers) {
  if (!lc_is_readable((uintptr_t)pointers) || !lc_is_readable((uintptr_t)(pointers + POINTERS))) {
    return;
  }
  uintptr_t start = pointers[BUFFER_START], end = pointers[BUFFER_END];
  for (int i = 0; i < POINTERS && start < end; i++) {
    pointers[i] = pointers[i] == end ? start : pointers[i];
  }
}

void lc_forget_ends_of_streams(void) {
  FILE *stream = &_IO_list_all != NULL ? _IO_list_all : NULL;
  for (int i = 0; stream != NULL && i < MOST_STREAMS; i++) {
    if (!lc_is_readable((uintptr_t)stream) || !lc_is_readable((uintptr_t)(stream + 1) - 1)) {
      return;
    }
    forget_end((uintptr_t *)&stream->_IO_read_ptr);
    if (stream->_wide_data != NULL) {
      forget_end((uintptr_t *)stream->_wide_data);
    }
    stream = stream->_chain;
  }
}
