/* x86-64. See arch.h, and agent.h for what each function does. */
#ifdef __x86_64__
#define _GNU_SOURCE
#include <string.h>
#include <ucontext.h>

#include "agent.h"

void lc_arch_start(void) {}

/* ---- code ---- */

/* runtime/sys_linux_amd64.s, TEXT runtime·exit: the same twelve bytes since Go 1.0.
 *   mov 0x8(%rsp),%edi ; mov $0xe7,%eax ; syscall ; ret */
const unsigned char lc_go_exit_code[LC_GO_EXIT_BYTES] = {0x8b, 0x7c, 0x24, 0x08, 0xb8, 0xe7,
                                                         0x00, 0x00, 0x00, 0x0f, 0x05, 0xc3};

/* movabs $target,%rax ; jmp *%rax */
void lc_encode_jump(unsigned char code[LC_JUMP_BYTES], const void *target) {
  uintptr_t address = (uintptr_t)target;
  code[0] = 0x48;
  code[1] = 0xb8;
  for (int i = 0; i < 8; i++) {
    code[2 + i] = (unsigned char)(address >> (8 * i));
  }
  code[10] = 0xff;
  code[11] = 0xe0;
}

/* jmp *0(%rip) ; the address: changes no register */
void lc_encode_far_jump(unsigned char code[LC_FAR_JUMP_BYTES], const void *target) {
  uintptr_t address = (uintptr_t)target;
  static const unsigned char jump[6] = {0xff, 0x25, 0, 0, 0, 0};
  memcpy(code, jump, sizeof jump);
  memcpy(code + sizeof jump, &address, sizeof address);
}

/* e8 and a 32-bit displacement */
uintptr_t lc_callee_of(uintptr_t at) {
  int32_t displacement;
  memcpy(&displacement, (const void *)(at + 1), sizeof displacement);
  return *(const unsigned char *)at == 0xe8 ? at + 5 + (uintptr_t)(intptr_t)displacement : 0;
}

void lc_encode_call(unsigned char code[LC_CALL_BYTES], uintptr_t at, uintptr_t callee) {
  int32_t displacement = (int32_t)(callee - (at + LC_CALL_BYTES));
  code[0] = 0xe8;
  memcpy(code + 1, &displacement, sizeof displacement);
}

/* e9 and a 32-bit displacement */
void lc_encode_near_jump(unsigned char code[LC_NEAR_JUMP_BYTES], uintptr_t at, uintptr_t target) {
  int32_t displacement = (int32_t)(target - (at + LC_NEAR_JUMP_BYTES));
  code[0] = 0xe9;
  memcpy(code + 1, &displacement, sizeof displacement);
}

/* endbr64, if at all, and ret; then what fills the room up to the next function. */
bool lc_is_empty_function(const unsigned char *code) {
  static const unsigned char filling[] = {0x00, 0x0f, 0x1f, 0x2e, 0x40, 0x44,
                                          0x66, 0x80, 0x84, 0x90, 0xcc};
  static const unsigned char endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
  size_t at = memcmp(code, endbr64, sizeof endbr64) == 0 ? sizeof endbr64 : 0;
  if ((uintptr_t)code % LC_FUNCTION_ALIGNMENT != 0 || code[at] != 0xc3) {
    return false;
  }
  while (++at < LC_NEAR_JUMP_BYTES) {
    if (memchr(filling, code[at], sizeof filling) == NULL) {
      return false;
    }
  }
  return true;
}

/* ---- registers ---- */

void lc_keep_context(struct lc_thread *self, const void *signal_context) {
  static const int order[LC_REGISTERS] = {REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13,
                                          REG_R14, REG_R15, REG_RDI, REG_RSI, REG_RBP, REG_RBX,
                                          REG_RDX, REG_RAX, REG_RCX, REG_RSP, REG_RIP};
  const ucontext_t *context = signal_context;
  for (int i = 0; i < LC_REGISTERS; i++) {
    self->registers[i] = (uintptr_t)context->uc_mcontext.gregs[order[i]];
  }
  self->sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
  self->pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
  uintptr_t vector = (uintptr_t)context->uc_mcontext.fpregs;
  if (vector != 0) {
    self->vector_state = (struct lc_range){vector, vector + 512};
  }
}

/* The return address lies at the stack pointer. */
void lc_context_behind_call(void *unwinders_context, const struct lc_exit *exit) {
  static const int order[LC_SAVED] = {REG_RBX, REG_RBP, REG_R12, REG_R13, REG_R14, REG_R15};
  ucontext_t *context = unwinders_context;
  for (int i = 0; i < LC_SAVED; i++) {
    context->uc_mcontext.gregs[order[i]] = (greg_t)exit->registers[i];
  }
  context->uc_mcontext.gregs[REG_RIP] = (greg_t)exit->pc;
  context->uc_mcontext.gregs[REG_RSP] = (greg_t)(exit->sp + sizeof exit->pc);
}

/* ---- Go's frames: bp points to the caller's, the return address follows, and the CFA ---- */

static uintptr_t cgocall_frame_bytes; /* 0: unknown */

/* sub $n,%rsp in the prologue: 48 83 ec n, or 48 81 ec and four bytes. */
bool lc_go_cgocall_start(void) {
  const unsigned char *code = (const unsigned char *)lc_config.go_cgocall;
  for (int i = 0; code != NULL && i < 48 && cgocall_frame_bytes == 0; i++) {
    if (code[i] == 0x48 && code[i + 1] == 0x83 && code[i + 2] == 0xec) {
      cgocall_frame_bytes = code[i + 3];
    } else if (code[i] == 0x48 && code[i + 1] == 0x81 && code[i + 2] == 0xec) {
      cgocall_frame_bytes = code[i + 3] | (uintptr_t)code[i + 4] << 8;
    }
  }
  return cgocall_frame_bytes != 0;
}

uintptr_t lc_go_cgocall_frame(uintptr_t sp) { return sp + cgocall_frame_bytes; }

/* The return address into runtime.cgocall was pushed right below its own stack pointer
 * (runtime/asm_amd64.s, asmcgocall). */
uintptr_t lc_go_frame_at_return(uintptr_t slot) {
  return cgocall_frame_bytes != 0 ? slot + 8 + cgocall_frame_bytes : 0;
}

uintptr_t lc_go_frame_base(uintptr_t bp) { return bp + 16; }
#endif
