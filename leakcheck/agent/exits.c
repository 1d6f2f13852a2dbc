/* Every way out of the program, and where the check happens on it.
 *   normal, strict:  before exit handlers: exit(), return from main, quick_exit()
 *   draconian:       after them: libc's _exit(), the last step of each of the above
 *   Go:              runtime.exit, which makes the raw system call itself
 * exit(), quick_exit() and __libc_start_main() are interposed. libc calls its own _exit()
 * without a symbol look-up, so that one is redirected in memory, like runtime.exit. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

#include "agent.h"
#include "sys.h"

#define EXIT_STACK (256 * 1024)

uintptr_t lc_exit_stack_top;
int lc_exit_claimed;
int lc_observed_pid;

void lc_go_exit(int code, uintptr_t sp, const uintptr_t *saved);
void lc_libc_exit(int code, uintptr_t sp, const uintptr_t *saved);

typedef void (*exit_function)(int code) __attribute__((noreturn));
typedef int (*main_function)(int argc, char **argv, char **envp);
typedef int (*start_function)(main_function, int, char **, void (*)(void), void (*)(void),
                              void (*)(void), void *);

static main_function real_main;

bool lc_is_observed_process(void) { return lc_sys0(SYS_getpid) == lc_observed_pid; }
void lc_observe_this_process(void) { lc_observed_pid = (int)lc_sys0(SYS_getpid); }

static void __attribute__((noreturn)) leave(int code) {
  for (;;) {
    lc_sys1(SYS_exit_group, code);
  }
}

static void check_and_leave(const char *moment, int code, uintptr_t sp, const uintptr_t *saved) {
  struct lc_exit at = {.moment = moment, .code = code, .sp = sp};
  at.pc = *(const uintptr_t *)sp;
  for (int i = 0; i < 6; i++) {
    at.registers[i] = saved[i];
  }
  lc_check(&at);
  lc_stats_print();
  leave(code);
}

/* From thunk.S, on the agent's own stack. `saved` holds rbx, rbp, r12 to r15. */
void lc_go_exit(int code, uintptr_t sp, const uintptr_t *saved) {
  check_and_leave("go_exit", code, sp, saved);
}

void lc_libc_exit(int code, uintptr_t sp, const uintptr_t *saved) {
  check_and_leave("_exit", code, sp, saved);
}

static void check_before_handlers(const char *moment, int code) {
  lc_heapcheck_cancel_own_check();
  if (lc_config.level == LC_DRACONIAN || lc_observed_pid == 0 || !lc_is_observed_process()) {
    return;
  }
  struct lc_exit at = {.moment = moment, .code = code};
  __asm__ volatile("mov %%rbx, 0(%0)\n\tmov %%rbp, 8(%0)\n\tmov %%r12, 16(%0)\n\t"
                   "mov %%r13, 24(%0)\n\tmov %%r14, 32(%0)\n\tmov %%r15, 40(%0)"
                   :
                   : "r"(at.registers)
                   : "memory");
  at.sp = (uintptr_t)__builtin_frame_address(0);
  at.pc = (uintptr_t)__builtin_return_address(0);
  lc_check(&at);
}

__attribute__((visibility("default"))) void exit(int code) {
  check_before_handlers("exit", code);
  ((exit_function)dlsym(RTLD_NEXT, "exit"))(code);
}

__attribute__((visibility("default"))) void quick_exit(int code) {
  check_before_handlers("quick_exit", code);
  ((exit_function)dlsym(RTLD_NEXT, "quick_exit"))(code);
}

struct lc_range lc_start_up_frames;

static int observed_main(int argc, char **argv, char **envp) {
  lc_start_up_frames.lo = (uintptr_t)__builtin_frame_address(0);
  if (lc_config.is_heapcheck) {
    lc_forget_checker_variables(argv + argc + 1);
  }
  int code = real_main(argc, argv, envp);
  check_before_handlers("main_returned", code);
  return code;
}

int __libc_start_main(main_function program, int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end);

__attribute__((visibility("default"))) int
__libc_start_main(main_function program, int argc, char **argv, void (*init)(void),
                  void (*fini)(void), void (*rtld_fini)(void), void *stack_end) {
  start_function start = (start_function)dlsym(RTLD_NEXT, "__libc_start_main");
  real_main = program;
  lc_start_up_frames.hi = (uintptr_t)argv;
  lc_program_begun = true;
  return start(observed_main, argc, argv, init, fini, rtld_fini, stack_end);
}

const char *lc_exits_start(void) {
  char *stack = lc_map(EXIT_STACK);
  if (stack == NULL) {
    return "no memory for the exit bridge";
  }
  lc_exit_stack_top = (uintptr_t)stack + EXIT_STACK;
  void *libc_exit = dlsym(RTLD_NEXT, "_exit");
  lc_libc_image = lc_image_around((uintptr_t)libc_exit);
  if (libc_exit == NULL || !lc_patch_jump((uintptr_t)libc_exit, (const void *)lc_libc_exit_thunk)) {
    return "the exit bridge could not be built: the kernel refused to make libc's text writable "
           "(mprotect; SELinux execmod?)";
  }
  return lc_config.go ? lc_patch_go_exit((const void *)lc_go_exit_thunk) : NULL;
}
