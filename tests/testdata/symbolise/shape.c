/* Code of a known shape. Labels stand where calls return to. */
void *sink;

__attribute__((noinline)) void callee(long n) {
  sink = (void *)n;
  __asm__ volatile("");
}

static inline __attribute__((always_inline)) void inlined(long n) {
  callee(n); /* line: inlined */
  __asm__ volatile(".globl after_inlined\n after_inlined:");
}

__attribute__((noinline)) void outer(long n) {
  inlined(n + 1); /* line: outer */
  sink = 0;
}

__attribute__((noinline, used)) static void hidden(void) {
  callee(2); /* line: hidden */
  __asm__ volatile(".globl after_hidden\n .hidden after_hidden\n after_hidden:");
}

__attribute__((noinline, noreturn)) void stop(void) {
  for (;;) {
    __asm__ volatile("");
  }
}

__attribute__((noinline)) void ends_in_a_call(void) {
  stop(); /* line: ends_in_a_call */
}

__attribute__((noinline)) void stands_after(void) {
  callee(3);
  hidden();
  outer(4);
}
