/* arm64. See arch.h, and agent.h for what each function does. */
#ifdef __aarch64__
#define _GNU_SOURCE
#include <asm/sigcontext.h>
#include <dlfcn.h>
#include <string.h>
#include <sys/auxv.h>
#include <ucontext.h>

#include "agent.h"

uintptr_t lc_page_bytes = 4096;
uintptr_t lc_pthread_bytes;

/* nptl_db/db_info.c: what libc tells debuggers of its own structures. */
void lc_arch_start(void) {
  const uint32_t *bytes = dlsym(RTLD_DEFAULT, "_thread_db_sizeof_pthread");
  lc_page_bytes = getauxval(AT_PAGESZ);
  lc_pthread_bytes = bytes != NULL ? *bytes : 0;
}

/* ---- code ---- */

/* runtime/sys_linux_arm64.s, TEXT runtime·exit: the same four instructions in Go 1.21 to 1.27.
 *   ldrsw x0, [sp, #8] ; mov x8, #94 ; svc #0 ; ret */
const unsigned char lc_go_exit_code[LC_GO_EXIT_BYTES] = {
    0xe0, 0x0b, 0x80, 0xb9, 0xc8, 0x0b, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4, 0xc0, 0x03, 0x5f, 0xd6};

/* ldr x16, 8 ; br x16 ; the address: x16 is free at a call's target (AAPCS64, IP0). A page changed
 * by mprotect is no longer guarded by BTI, so no landing pad is needed. */
void lc_encode_jump(unsigned char code[LC_JUMP_BYTES], const void *target) {
  static const uint32_t jump[2] = {0x58000050u, 0xd61f0200u};
  uintptr_t address = (uintptr_t)target;
  memcpy(code, jump, sizeof jump);
  memcpy(code + sizeof jump, &address, sizeof address);
}

void lc_encode_far_jump(unsigned char code[LC_FAR_JUMP_BYTES], const void *target) {
  lc_encode_jump(code, target);
}

#define BRANCH 0x14000000u /* b, and a displacement of 26 bits in instructions */
#define BRANCH_WITH_LINK 0x94000000u /* bl, likewise */

uintptr_t lc_callee_of(uintptr_t at) {
  uint32_t code = *(const uint32_t *)at;
  int32_t displacement = (int32_t)(code << 6) >> 4;
  return code >> 26 == BRANCH_WITH_LINK >> 26 ? at + (uintptr_t)(intptr_t)displacement : 0;
}

static void encode(unsigned char *code, uint32_t kind, uintptr_t at, uintptr_t target) {
  uint32_t branch = kind | ((uint32_t)((target - at) >> 2) & 0x03ffffffu);
  memcpy(code, &branch, sizeof branch);
}

void lc_encode_call(unsigned char code[LC_CALL_BYTES], uintptr_t at, uintptr_t callee) {
  encode(code, BRANCH_WITH_LINK, at, callee);
}

void lc_encode_near_jump(unsigned char code[LC_NEAR_JUMP_BYTES], uintptr_t at, uintptr_t target) {
  encode(code, BRANCH, at, target);
}

/* bti c, if at all, and ret. */
bool lc_is_empty_function(const unsigned char *code) {
  const uint32_t *at = (const uint32_t *)(const void *)code;
  at += *at == 0xd503245fu;
  return *at == 0xd65f03c0u;
}

/* ---- registers ---- */

static struct lc_range vectors_of(const mcontext_t *context) {
  const char *at = (const char *)context->__reserved, *end = at + sizeof context->__reserved;
  while (at + sizeof(struct fpsimd_context) <= end) {
    const struct _aarch64_ctx *head = (const void *)at;
    if (head->magic == FPSIMD_MAGIC) {
      const struct fpsimd_context *vectors = (const void *)at;
      uintptr_t lo = (uintptr_t)vectors->vregs;
      return (struct lc_range){lo, lo + sizeof vectors->vregs};
    }
    if (head->magic == 0 || head->size == 0) {
      break;
    }
    at += head->size;
  }
  return (struct lc_range){0, 0};
}

void lc_keep_context(struct lc_thread *self, const void *signal_context) {
  const ucontext_t *context = signal_context;
  for (int i = 0; i < 31; i++) {
    self->registers[i] = (uintptr_t)context->uc_mcontext.regs[i];
  }
  self->sp = (uintptr_t)context->uc_mcontext.sp;
  self->pc = (uintptr_t)context->uc_mcontext.pc;
  self->registers[31] = self->sp;
  self->registers[32] = self->pc;
  self->vector_state = vectors_of(&context->uc_mcontext);
}

void lc_context_behind_call(void *unwinders_context, const struct lc_exit *exit) {
  ucontext_t *context = unwinders_context;
  for (int i = 0; i < LC_SAVED; i++) {
    context->uc_mcontext.regs[19 + i] = exit->registers[i];
  }
  context->uc_mcontext.regs[30] = exit->pc;
  context->uc_mcontext.pc = exit->pc;
  context->uc_mcontext.sp = exit->sp;
}

/* ---- Go's frames: the frame pointer points right below the function's stack pointer, to the
 * caller's frame pointer; the return address follows, and the rest of the frame ---- */

bool lc_go_cgocall_start(void) { return true; }

uintptr_t lc_go_cgocall_frame(uintptr_t sp) { return sp - 8; }

/* A return address lies where the callee's frame begins, and below it what the frame pointer was:
 * one word below the stack pointer of cgocall. Between the two lies the frame of asmcgocall
 * (runtime/asm_arm64.s), or of its wrapper for Go's other calling convention. */
#define MOST_FRAME_BYTES 128u

uintptr_t lc_go_frame_at_return(uintptr_t slot) {
  uintptr_t bp = lc_word_at(slot - 8, 0);
  return bp > slot && bp - slot < MOST_FRAME_BYTES ? bp : 0;
}

/* Where the caller's frame begins; its frame pointer is one word below. */
uintptr_t lc_go_frame_base(uintptr_t bp) {
  return lc_word_at(bp, 0) > bp ? lc_word_at(bp, 0) + 8 : 0;
}
#endif
