/* x86-64. See arch.h. */
#ifndef LEAKCHECK_ARCH_X86_64_H
#define LEAKCHECK_ARCH_X86_64_H

static inline long lc_sys6(long number, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

static inline void lc_pause(void) { __asm__ volatile("pause"); }

/* A clock that costs no system call, and how far it goes in less than 1 ms. */
static inline uint64_t lc_ticks(void) { return __builtin_ia32_rdtsc(); }
#define LC_TICKS_BETWEEN_LOOKS 500000u

/* ---- memory ---- */
#define LC_PAGE ((uintptr_t)4096)
#define LC_ADDRESS_BITS 47
#define LC_RED_ZONE 128u /* System V ABI: leaf functions use it without moving the pointer */

static inline __attribute__((always_inline)) uintptr_t lc_stack_pointer(void) {
  uintptr_t sp;
  __asm__ volatile("mov %%rsp, %0" : "=r"(sp));
  return sp;
}
/* Without using the stack: it may be what is cleared. */
static inline __attribute__((always_inline)) void lc_clear_words(uintptr_t from, uintptr_t words) {
  __asm__ volatile("rep stosq" : "+D"(from), "+c"(words) : "a"(0) : "memory");
}

/* ---- threads: glibc's struct pthread begins at the thread pointer, static TLS ends there ---- */
static inline uintptr_t lc_thread_pointer(void) {
  uintptr_t value;
  __asm__("mov %%fs:0, %0" : "=r"(value));
  return value;
}
static inline uintptr_t lc_descriptor_lo(uintptr_t thread_pointer) { return thread_pointer; }
static inline uintptr_t lc_descriptor_hi(uintptr_t thread_pointer) {
  return thread_pointer + 0x900; /* at most */
}
#define LC_DESCRIPTOR_HEAD 32u /* tcbhead_t, which points to itself */
#define LC_DTV_WORD 1 /* where the vector of dynamic TLS is, in words (tcbhead_t.dtv) */
#define LC_BELOW_THREAD_POINTER(tls_bytes) (tls_bytes)
#define LC_ABOVE_THREAD_POINTER(tls_bytes) 0xa00u

/* ---- registers ---- */
#define LC_REGISTERS 17
/* Those that a function keeps, as the thunks leave them: rbx, rbp, r12 to r15. */
#define LC_SAVED 6
#define LC_SAVED_NUMBERS {3, LC_UNWIND_BP, 12, 13, 14, 15} /* libunwind's */
enum { LC_UNWIND_BP = 6, LC_UNWIND_SP = 7, LC_UNWIND_PC = 16 };
#define LC_LIBUNWIND_IS_RIGHT 1
#define LC_LIBUNWIND "_ULx86_64_"
#define LC_GETCONTEXT "_Ux86_64_getcontext"

/* No caller expects them to be kept, and whoever copied the block's address through them leaves it
 * there: Go saves them all when it preempts a goroutine, so that a lost block would seem held. */
static inline void lc_clear_vector_registers(void) {
  __asm__ volatile("pxor %xmm0, %xmm0\n\tpxor %xmm1, %xmm1\n\t"
                   "pxor %xmm2, %xmm2\n\tpxor %xmm3, %xmm3\n\t"
                   "pxor %xmm4, %xmm4\n\tpxor %xmm5, %xmm5\n\t"
                   "pxor %xmm6, %xmm6\n\tpxor %xmm7, %xmm7\n\t"
                   "pxor %xmm8, %xmm8\n\tpxor %xmm9, %xmm9\n\t"
                   "pxor %xmm10, %xmm10\n\tpxor %xmm11, %xmm11\n\t"
                   "pxor %xmm12, %xmm12\n\tpxor %xmm13, %xmm13\n\t"
                   "pxor %xmm14, %xmm14\n\tpxor %xmm15, %xmm15");
}
/* waits.c reads what libc's functions do with the registers: those of lc_wait, and the arguments of
 * a system call, by their places in what lc_keep_context keeps. */
#define LC_KNOWS_WAITS 1
#define LC_KEPT_PLACES {11, 10, 4, 5, 6, 7} /* rbx, rbp, r12 to r15 */
#define LC_ARGUMENT_PLACES {8, 9, 12, 2, 0, 1} /* rdi, rsi, rdx, r10, r8, r9 */

/* ---- signals: a handler returns to a function of the program, that calls rt_sigreturn ---- */
#define LC_SA_RESTORER 0x04000000ul
__attribute__((naked, unused)) static void lc_restorer(void) {
  __asm__("mov $15, %eax\n\tsyscall");
}

/* ---- code ---- */
#define LC_CODE_STEP 1u /* an instruction may begin at each multiple of it */
#define LC_JUMP_BYTES 12u
#define LC_NEAR_JUMP_BYTES 5u
#define LC_FAR_JUMP_BYTES 14u
#define LC_CALL_BYTES 5u
#define LC_FUNCTION_ALIGNMENT 16u
#define LC_CALL_REACH ((uintptr_t)1 << 30)
#define LC_CALL_REACH_STEP ((uintptr_t)16 << 20)
#define LC_GO_EXIT_BYTES 12u

/* syscall: 0f 05 */
#define LC_SYSTEM_CALL_BYTES 2u
static inline int lc_is_system_call_at(uintptr_t pc) {
  const unsigned char *code = (const unsigned char *)pc;
  return code[0] == 0x0f && code[1] == 0x05;
}

/* ---- Go ---- */
#define LC_GO_ARENA_BASE ((uintptr_t)0xffff800000000000) /* runtime/malloc.go, arenaBaseOffset */
/* From the frame pointer of cgocallbackg to the call in cgocall, at most. */
#define LC_GO_CALLBACK_WORDS 32u
/* Between a frame and its caller's (runtime/traceback.go, resolveInternal; internal/runtime/sys).
 */
#define LC_GO_RETURN_ADDRESS_BYTES 8u
#define LC_GO_BELOW_ARGUMENTS_BYTES 0u

#endif
