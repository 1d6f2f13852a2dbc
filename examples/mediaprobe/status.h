/* How every function of the library says that it failed. */
#ifndef MP_STATUS_H
#define MP_STATUS_H

#include <stdint.h>

typedef enum mp_status {
  MP_OK = 0,
  MP_EOF = 1, /* no more packets; not an error */
  MP_E_IO, /* the system refused; mp_error.system_errno says why */
  MP_E_MEMORY,
  MP_E_FORMAT, /* the bytes are not what the format asks for */
  MP_E_TRUNCATED, /* the file ends too early */
  MP_E_UNSUPPORTED, /* well formed, but beyond this library */
  MP_E_NOT_FOUND,
} mp_status;

/* Filled in by the function that fails, owned by the caller. Holds no pointers, so that Go may
 * pass one of its own. */
typedef struct mp_error {
  int32_t status;
  int32_t system_errno; /* 0 unless status is MP_E_IO */
  char text[120]; /* what happened, for people; always terminated */
} mp_error;

/* Fills in `error` and returns `status`, so that callers can write `return mp_fail(...)`. */
mp_status mp_fail(mp_error *error, mp_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Likewise for a system call that has just set errno; `what` is what was tried. */
mp_status mp_fail_errno(mp_error *error, const char *what);

#endif
