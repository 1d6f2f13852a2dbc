/* What differs by processor. arch_*.h has constants and what must be inlined, arch_*.c the longer
 * functions, which agent.h declares, thunk_*.S the entry points. */
#ifndef LEAKCHECK_ARCH_H
#define LEAKCHECK_ARCH_H

#include <stdint.h>

#if defined(__linux__) && defined(__x86_64__) && defined(__LP64__)
#include "arch_x86_64.h"
#elif defined(__linux__) && defined(__AARCH64EL__) && defined(__LP64__)
#include "arch_aarch64.h"
#else
#error "the leakcheck agent supports Linux on x86-64 and arm64 only"
#endif

#endif
