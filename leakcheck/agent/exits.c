/* Every way out of the program, and where the check happens on it.
 *   normal, strict:  before exit handlers: exit(), return from main, quick_exit()
 *   draconian:       after them: libc's _exit(), the last step of each of the above
 *   Go:              runtime.exit, which makes the raw system call itself
 * exit(), quick_exit() and __libc_start_main() are interposed. libc calls its own exit() and
 * _exit() without a symbol look-up, so those are redirected in memory, like runtime.exit: all of
 * _exit(), and of exit() the call of what runs the handlers. */
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

void lc_go_exit(int code, uintptr_t sp, const uintptr_t *saved, uintptr_t pc);
void lc_libc_exit(int code, uintptr_t sp, const uintptr_t *saved, uintptr_t pc);
void lc_exit_begins(int code, uintptr_t sp, const uintptr_t *saved, uintptr_t pc);
void lc_quick_exit_begins(int code, uintptr_t sp, const uintptr_t *saved, uintptr_t pc);
uintptr_t lc_run_exit_handlers, lc_real_exit, lc_real_quick_exit; /* libc's */

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

/* `sp` and `pc` are those of the call, `saved` are the registers that a function keeps. */
static void check_at(const char *moment, int code, uintptr_t sp, const uintptr_t *saved,
                     uintptr_t pc) {
  struct lc_exit at = {.moment = moment, .code = code, .sp = sp, .pc = pc};
  for (int i = 0; i < LC_SAVED; i++) {
    at.registers[i] = saved[i];
  }
  lc_check(&at);
}

/* From thunk_*.S, on the agent's own stack. */
void lc_go_exit(int code, uintptr_t sp, const uintptr_t *saved, uintptr_t pc) {
  check_at("go_exit", code, sp, saved, pc);
  lc_stats_print();
  leave(code);
}

void lc_libc_exit(int code, uintptr_t sp, const uintptr_t *saved, uintptr_t pc) {
  check_at("_exit", code, sp, saved, pc);
  lc_stats_print();
  leave(code);
}

/* At the beginning of an exit through libc: is the check to come now? */
static bool exit_begins(void) {
  lc_heapcheck_cancel_own_check();
  return lc_config.level != LC_DRACONIAN && lc_observed_pid != 0 && lc_is_observed_process();
}

/* From thunk_*.S, on the program's stack. */
void lc_exit_begins(int code, uintptr_t sp, const uintptr_t *saved, uintptr_t pc) {
  if (exit_begins()) {
    check_at("exit", code, sp, saved, pc);
  }
}

void lc_quick_exit_begins(int code, uintptr_t sp, const uintptr_t *saved, uintptr_t pc) {
  if (exit_begins()) {
    check_at("quick_exit", code, sp, saved, pc);
  }
}

struct lc_range lc_start_up_frames;

static int observed_main(int argc, char **argv, char **envp) {
  lc_start_up_frames.lo = (uintptr_t)__builtin_frame_address(0);
  if (lc_config.is_heapcheck) {
    lc_forget_checker_variables(argv + argc + 1);
  }
  int code = real_main(argc, argv, envp);
  if (exit_begins()) { /* no frame of the program is left */
    struct lc_exit at = {.moment = "main_returned", .code = code, .sp = lc_start_up_frames.lo};
    lc_check(&at);
  }
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

void lc_exits_find(void) {
  lc_real_exit = (uintptr_t)dlsym(RTLD_NEXT, "exit");
  lc_real_quick_exit = (uintptr_t)dlsym(RTLD_NEXT, "quick_exit");
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
  struct lc_range exits = lc_function_at(lc_real_exit);
  lc_run_exit_handlers = lc_first_call(exits, lc_libc_image);
  lc_patch_call(exits.lo, lc_run_exit_handlers, (const void *)lc_exit_begins_thunk);
  return lc_config.go ? lc_patch_go_exit((const void *)lc_go_exit_thunk) : NULL;
}
