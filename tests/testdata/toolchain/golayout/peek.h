/* What a C function called from Go can see of the goroutine that called it. */
#ifndef PEEK_H
#define PEEK_H

#include <stdint.h>

struct offsets {
  long tlsg;
  long g_m, g_sched_sp, g_stack_lo, g_stack_hi;
  long g_syscallsp, g_syscallpc, g_syscallbp, g_goid;
  long g_parent, g_gopc;
  long m_g0, m_curg;
};

struct seen {
  uintptr_t g, m, m_g0, m_curg, curg_m;
  uintptr_t goid, stack_lo, stack_hi, sched_sp;
  uintptr_t syscallsp, syscallpc, syscallbp;
  uintptr_t parent, gopc;
  uintptr_t g0_stack_lo, g0_stack_hi, c_local;
};

void peek(const struct offsets *at, struct seen *seen);
uintptr_t word_at(uintptr_t address);
uintptr_t load_bias(void);

#endif
