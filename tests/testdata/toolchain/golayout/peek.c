#define _GNU_SOURCE
#include "peek.h"

#include <link.h>

#ifdef MORE_THREAD_LOCALS
/* They share the program's thread-local block with Go's g, which moves. */
__thread volatile char before[100] = "initialised";
__thread volatile long aligned __attribute__((aligned(64)));
__thread volatile char after[13];
#endif

uintptr_t word_at(uintptr_t address) { return *(volatile uintptr_t *)address; }

static uintptr_t thread_pointer(void) {
  uintptr_t value;
  __asm__("mov %%fs:0, %0" : "=r"(value));
  return value;
}

void peek(const struct offsets *at, struct seen *seen) {
#ifdef MORE_THREAD_LOCALS
  before[0] = 'i';
  aligned = before[0];
  after[0] = (char)aligned;
#endif
  seen->g = word_at(thread_pointer() + at->tlsg);
  seen->m = word_at(seen->g + at->g_m);
  seen->m_g0 = word_at(seen->m + at->m_g0);
  seen->m_curg = word_at(seen->m + at->m_curg);
  uintptr_t curg = seen->m_curg;
  seen->curg_m = word_at(curg + at->g_m);
  seen->goid = word_at(curg + at->g_goid);
  seen->parent = word_at(curg + at->g_parent);
  seen->gopc = word_at(curg + at->g_gopc);
  seen->stack_lo = word_at(curg + at->g_stack_lo);
  seen->stack_hi = word_at(curg + at->g_stack_hi);
  seen->sched_sp = word_at(curg + at->g_sched_sp);
  seen->syscallsp = word_at(curg + at->g_syscallsp);
  seen->syscallpc = word_at(curg + at->g_syscallpc);
  seen->syscallbp = at->g_syscallbp < 0 ? 0 : word_at(curg + at->g_syscallbp);
  seen->g0_stack_lo = word_at(seen->g + at->g_stack_lo);
  seen->g0_stack_hi = word_at(seen->g + at->g_stack_hi);
  seen->c_local = (uintptr_t)__builtin_frame_address(0);
}

static int first_object(struct dl_phdr_info *info, size_t size, void *bias) {
  (void)size;
  *(uintptr_t *)bias = info->dlpi_addr;
  return 1;
}

/* The main program is the first object. */
uintptr_t load_bias(void) {
  uintptr_t bias = 0;
  dl_iterate_phdr(first_object, &bias);
  return bias;
}
