#include "status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

mp_status mp_fail(mp_error *error, mp_status status, const char *format, ...) {
  error->status = status;
  error->system_errno = 0;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
  return status;
}

mp_status mp_fail_errno(mp_error *error, const char *what) {
  int saved = errno; /* vsnprintf may change it */
  mp_status status = mp_fail(error, MP_E_IO, "%s", what);
  error->system_errno = saved;
  return status;
}
