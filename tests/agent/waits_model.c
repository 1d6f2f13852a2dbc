/* Threads that wait in libc: from the system call the way leads back to the caller, to its stack
 * pointer and to the registers that a function must keep. Without a sanitizer: those take the place
 * of such functions. */
#define _GNU_SOURCE
#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "harness.h"

#define VALUE 0x1001u /* of rbx; those of rbp and r12 to r15 follow */
#define WORD(what) (uintptr_t)(what)

volatile uintptr_t noted_sp; /* the callers' */
static volatile pid_t waiting_tid;
static sem_t never, stopped;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, taken = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_t first_thread;
static struct timespec late;
static int ends[2];
static char byte;
static struct lc_wait at;
static struct lc_range stack;

#define CALLER(name, call)                                                                         \
  __attribute__((naked)) static void name(uintptr_t a, uintptr_t b, uintptr_t c) {                 \
    (void)a, (void)b, (void)c;                                                                     \
    __asm__("push %rbx\n\tpush %rbp\n\tpush %r12\n\tpush %r13\n\tpush %r14\n\tpush %r15\n\t"       \
            "sub $8, %rsp\n\tmov %rsp, noted_sp(%rip)\n\t"                                         \
            "mov $0x1001, %rbx\n\tmov $0x1002, %rbp\n\tmov $0x1003, %r12\n\t"                      \
            "mov $0x1004, %r13\n\tmov $0x1005, %r14\n\tmov $0x1006, %r15\n\t"                      \
            "call " call "\n\tadd $8, %rsp\n\t"                                                    \
            "pop %r15\n\tpop %r14\n\tpop %r13\n\tpop %r12\n\tpop %rbp\n\tpop %rbx\n\tret");        \
  }

CALLER(semaphore, "sem_wait@plt")
CALLER(semaphore_by_slot, "*sem_wait@GOTPCREL(%rip)")
CALLER(signals, "pause@plt")
CALLER(seconds, "sleep@plt")
CALLER(microseconds, "usleep@plt")
CALLER(files, "poll@plt")
CALLER(input, "read@plt")
CALLER(lock, "pthread_mutex_lock@plt")
CALLER(thread_end, "pthread_join@plt")
CALLER(wake, "pthread_cond_wait@plt")
CALLER(wake_or_late, "pthread_cond_timedwait@plt")

static const struct call {
  const char *name;
  void (*caller)(uintptr_t, uintptr_t, uintptr_t);
  const void *arguments[3];
} calls[] = {
    {"sem_wait", semaphore, {&never}},
    {"sem_wait by its slot", semaphore_by_slot, {&never}},
    {"pause", signals, {0}},
    {"sleep", seconds, {(void *)1000}},
    {"usleep", microseconds, {(void *)900000000}},
    {"poll", files, {NULL, NULL, (void *)-1}},
    {"read", input, {&ends[0], &byte, (void *)1}},
    {"pthread_mutex_lock", lock, {&taken}},
    {"pthread_join", thread_end, {&first_thread}},
    {"pthread_cond_wait", wake, {&condition, &mutex}},
    {"pthread_cond_timedwait", wake_or_late, {&condition, &mutex, &late}},
};

static void on_signal(int number, siginfo_t *info, void *context) {
  static const int order[6] = {REG_RBX, REG_RBP, REG_R12, REG_R13, REG_R14, REG_R15};
  const greg_t *registers = ((const ucontext_t *)context)->uc_mcontext.gregs;
  (void)number, (void)info;
  at.pc = (uintptr_t)registers[REG_RIP];
  at.sp = (uintptr_t)registers[REG_RSP];
  for (int i = 0; i < 6; i++) {
    at.registers[i] = (uintptr_t)registers[order[i]];
  }
  sem_post(&stopped);
  for (;;) {
    pause();
  }
}

/* The descriptor and the thread are known only now. */
static uintptr_t argument(const struct call *call, int index) {
  const void *given = call->arguments[index];
  if (given == &ends[0]) {
    return WORD(ends[0]);
  }
  return given == &first_thread ? WORD(first_thread) : WORD(given);
}

static void *wait_in(void *one) {
  const struct call *call = one;
  pthread_attr_t attributes;
  void *lowest;
  size_t bytes;
  EXPECT(pthread_getattr_np(pthread_self(), &attributes) == 0);
  pthread_attr_getstack(&attributes, &lowest, &bytes);
  pthread_attr_destroy(&attributes);
  stack = (struct lc_range){WORD(lowest), WORD(lowest) + bytes};
  if (call->arguments[1] == &mutex) {
    pthread_mutex_lock(&mutex);
  }
  waiting_tid = gettid();
  call->caller(argument(call, 0), argument(call, 1), argument(call, 2));
  return NULL;
}

static int find_libc(struct dl_phdr_info *info, size_t bytes, void *unused) {
  (void)bytes, (void)unused;
  for (int i = 0; i < info->dlpi_phnum && strstr(info->dlpi_name, "/libc.so") != NULL; i++) {
    const Elf64_Phdr *part = &info->dlpi_phdr[i];
    if (part->p_type == PT_LOAD && lc_libc_image.lo == 0) {
      lc_libc_image.lo = info->dlpi_addr + part->p_vaddr;
    }
    if (part->p_type == PT_LOAD) {
      lc_libc_image.hi = info->dlpi_addr + part->p_vaddr + part->p_memsz;
    }
  }
  return 0;
}

/* /proc/pid/syscall: `running`, or the number of the system call in which the thread sleeps. */
static bool is_waiting(void) {
  char path[64], state[16] = "running";
  snprintf(path, sizeof path, "/proc/self/task/%d/syscall", waiting_tid);
  FILE *file = noted_sp != 0 ? fopen(path, "r") : NULL;
  if (file != NULL) {
    EXPECT(fgets(state, sizeof state, file) != NULL);
    fclose(file);
  }
  return state[0] != 'r';
}

static void start(const struct call *call) {
  static const struct timespec moment = {.tv_nsec = 1000000};
  pthread_t thread;
  noted_sp = 0;
  EXPECT(pthread_create(&thread, NULL, wait_in, (void *)call) == 0);
  first_thread = call == calls ? thread : first_thread;
  while (!is_waiting()) {
    nanosleep(&moment, NULL);
  }
  pthread_kill(thread, SIGUSR1);
  sem_wait(&stopped);
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
  dl_iterate_phdr(find_libc, NULL);
  lc_waits_start();
  sigaction(SIGUSR1, &action, NULL);
  sem_init(&never, 0, 0);
  sem_init(&stopped, 0, 0);
  late.tv_sec = time(NULL) + 1000;
  EXPECT(pipe(ends) == 0);
  pthread_mutex_lock(&taken);
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
    start(&calls[i]);
    bool is_right = lc_skip_wait(stack, &at) && at.sp == noted_sp;
    for (unsigned k = 0; k < 6; k++) {
      is_right = is_right && at.registers[k] == VALUE + k;
    }
    if (!is_right) {
      fprintf(stderr, "%s: the caller was not found\n", calls[i].name);
      return 1;
    }
    pthread_mutex_trylock(&mutex);
    pthread_mutex_unlock(&mutex);
  }
  return 0;
}
