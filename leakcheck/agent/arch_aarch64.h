/* arm64. See arch.h. */
#ifndef LEAKCHECK_ARCH_AARCH64_H
#define LEAKCHECK_ARCH_AARCH64_H

static inline long lc_sys6(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory", "cc");
  return x0;
}

static inline void lc_pause(void) { __asm__ volatile("yield"); }

/* A clock that costs no system call, and how far it goes in less than 1 ms: it counts with 24 MHz
 * to 1 GHz. */
static inline uint64_t lc_ticks(void) {
  uint64_t value;
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
  return value;
}
#define LC_TICKS_BETWEEN_LOOKS 20000u

/* ---- memory ---- */
extern uintptr_t lc_page_bytes; /* 4, 16 or 64 KiB, as the kernel was built */
#define LC_PAGE lc_page_bytes
#define LC_ADDRESS_BITS 48
#define LC_RED_ZONE 0u

static inline __attribute__((always_inline)) uintptr_t lc_stack_pointer(void) {
  uintptr_t sp;
  __asm__ volatile("mov %0, sp" : "=r"(sp));
  return sp;
}
/* Without using the stack: it may be what is cleared. */
static inline __attribute__((always_inline)) void lc_clear_words(uintptr_t from, uintptr_t words) {
  __asm__ volatile("1: cbz %1, 2f\n\t"
                   "str xzr, [%0], #8\n\t"
                   "sub %1, %1, #1\n\t"
                   "b 1b\n"
                   "2:"
                   : "+r"(from), "+r"(words)
                   :
                   : "memory");
}

/* ---- threads: glibc's struct pthread ends at the thread pointer, static TLS begins there ---- */
static inline uintptr_t lc_thread_pointer(void) {
  uintptr_t value;
  __asm__("mrs %0, tpidr_el0" : "=r"(value));
  return value;
}
extern uintptr_t lc_pthread_bytes; /* as libc says it to debuggers; 0 when it does not */
static inline uintptr_t lc_descriptor_lo(uintptr_t thread_pointer) {
  return thread_pointer - lc_pthread_bytes;
}
static inline uintptr_t lc_descriptor_hi(uintptr_t thread_pointer) { return thread_pointer; }
#define LC_DESCRIPTOR_HEAD 0u
#define LC_DTV_WORD 0 /* where the vector of dynamic TLS is, in words (tcbhead_t.dtv) */
#define LC_BELOW_THREAD_POINTER(tls_bytes) 0xa00u
#define LC_ABOVE_THREAD_POINTER(tls_bytes) (tls_bytes)

/* ---- registers ---- */
#define LC_REGISTERS 33 /* x0 to x30, sp, pc */
/* Those that a function keeps, as the thunks leave them: x19 to x29. */
#define LC_SAVED 11
#define LC_SAVED_NUMBERS {19, 20, 21, 22, 23, 24, 25, 26, 27, 28, LC_UNWIND_BP} /* libunwind's */
enum { LC_UNWIND_BP = 29, LC_UNWIND_SP = 31, LC_UNWIND_PC = 30 /* UNW_REG_IP */ };
/* Seen to be wrong: 1.6 invents a stack where code was built with -mbranch-protection, as it is on
 * many systems, and with 1.8 the canary is not found. */
#define LC_LIBUNWIND_IS_RIGHT 0
#define LC_LIBUNWIND "_ULaarch64_"
#define LC_GETCONTEXT "_Uaarch64_getcontext" /* there is none: stacks are not remembered */

/* No caller expects them to be kept, and whoever copied the block's address through them leaves it
 * there: Go saves them all when it preempts a goroutine, so that a lost block would seem held. */
static inline void lc_clear_vector_registers(void) { /* v8 to v15 are kept by a callee */
  __asm__ volatile("movi v0.2d, #0\n\tmovi v1.2d, #0\n\t"
                   "movi v2.2d, #0\n\tmovi v3.2d, #0\n\t"
                   "movi v4.2d, #0\n\tmovi v5.2d, #0\n\t"
                   "movi v6.2d, #0\n\tmovi v7.2d, #0\n\t"
                   "movi v16.2d, #0\n\tmovi v17.2d, #0\n\t"
                   "movi v18.2d, #0\n\tmovi v19.2d, #0\n\t"
                   "movi v20.2d, #0\n\tmovi v21.2d, #0\n\t"
                   "movi v22.2d, #0\n\tmovi v23.2d, #0\n\t"
                   "movi v24.2d, #0\n\tmovi v25.2d, #0\n\t"
                   "movi v26.2d, #0\n\tmovi v27.2d, #0\n\t"
                   "movi v28.2d, #0\n\tmovi v29.2d, #0\n\t"
                   "movi v30.2d, #0\n\tmovi v31.2d, #0\n\t"
                   :
                   :
                   : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19",
                     "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30",
                     "v31");
}
/* waits.c reads what libc's functions do with the registers: not here. */
#define LC_KNOWS_WAITS 0
#define LC_KEPT_PLACES {0}
#define LC_ARGUMENT_PLACES {0}

/* ---- signals: a handler returns to a function of the kernel ---- */
#define LC_SA_RESTORER 0ul
#define lc_restorer NULL

/* ---- code ---- */
#define LC_CODE_STEP 4u /* an instruction may begin at each multiple of it */
#define LC_JUMP_BYTES 16u
#define LC_NEAR_JUMP_BYTES 4u
#define LC_FAR_JUMP_BYTES 16u
#define LC_CALL_BYTES 4u
#define LC_FUNCTION_ALIGNMENT 4u
#define LC_CALL_REACH ((uintptr_t)126 << 20) /* of the 128 MiB */
#define LC_CALL_REACH_STEP ((uintptr_t)1 << 20)
#define LC_GO_EXIT_BYTES 16u

/* svc #0 */
#define LC_SYSTEM_CALL_BYTES 4u
static inline int lc_is_system_call_at(uintptr_t pc) {
  return pc % 4 == 0 && *(const uint32_t *)pc == 0xd4000001u;
}

/* ---- Go ---- */
#define LC_GO_ARENA_BASE ((uintptr_t)0) /* runtime/malloc.go, arenaBaseOffset */
/* From the frame pointer of cgocallbackg to the call in cgocall, at most. */
#define LC_GO_CALLBACK_WORDS 64u
/* Between a frame and its caller's (runtime/traceback.go, resolveInternal; internal/runtime/sys).
 */
#define LC_GO_RETURN_ADDRESS_BYTES 0u
#define LC_GO_BELOW_ARGUMENTS_BYTES 8u

#endif
