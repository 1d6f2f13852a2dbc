/* Programs that take away, while they run, what a check needs at their end. */
#define _GNU_SOURCE
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void answer(unsigned number, unsigned what) {
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, what),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = {sizeof program / sizeof program[0], program};
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
}

static void filter_elsewhere(void) { answer(SYS_ptrace, SECCOMP_RET_KILL_PROCESS); }
static void fork_refused(void) { answer(SYS_clone, SECCOMP_RET_ERRNO | EPERM); }
static void fork_kills(void) { answer(SYS_clone, SECCOMP_RET_KILL_PROCESS); }
static void open_refused(void) { answer(SYS_openat, SECCOMP_RET_ERRNO | EACCES); }
static void open_kills(void) { answer(SYS_openat, SECCOMP_RET_KILL_PROCESS); }
static void map_refused(void) { answer(SYS_mmap, SECCOMP_RET_ERRNO | ENOMEM); }
static void rename_refused(void) { answer(SYS_renameat2, SECCOMP_RET_ERRNO | EPERM); }

static void no_new_privileges(void) { must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0); }

static void all_closed(void) { must(syscall(SYS_close_range, 0u, ~0u, 0u) == 0); }

static void limit(int what, rlim_t most) {
  struct rlimit limit = {most, most};
  must(setrlimit((__rlimit_resource_t)what, &limit) == 0);
}
static void no_descriptors(void) { limit(RLIMIT_NOFILE, 0); }
static void no_file_bytes(void) { limit(RLIMIT_FSIZE, 0); }
static void few_file_bytes(void) {
  signal(SIGXFSZ, SIG_IGN);
  limit(RLIMIT_FSIZE, 100);
}
static void no_address_space(void) { limit(RLIMIT_AS, 0); }

static void not_dumpable(void) { must(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0); }

/* From here on only as root. */
static void other_root(void) {
  must(chroot("/usr/share") == 0);
  must(chdir("/") == 0);
}
static void other_user(void) {
  must(setgroups(0, NULL) == 0);
  must(setgid(65534) == 0);
  must(setuid(65534) == 0);
}
static void no_processes(void) {
  limit(RLIMIT_NPROC, 0);
  other_user();
}
static void without_proc(void) {
  must(unshare(CLONE_NEWNS) == 0);
  must(mount(NULL, "/proc", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
  must(umount2("/proc", MNT_DETACH) == 0);
}

static const struct corpus_case cases[] = {
    {"filter-elsewhere", filter_elsewhere},
    {"fork-refused", fork_refused},
    {"fork-kills", fork_kills},
    {"open-refused", open_refused},
    {"open-kills", open_kills},
    {"map-refused", map_refused},
    {"rename-refused", rename_refused},
    {"no-new-privileges", no_new_privileges},
    {"all-closed", all_closed},
    {"no-descriptors", no_descriptors},
    {"no-file-bytes", no_file_bytes},
    {"few-file-bytes", few_file_bytes},
    {"no-address-space", no_address_space},
    {"not-dumpable", not_dumpable},
    {"other-root", other_root},
    {"other-user", other_user},
    {"no-processes", no_processes},
    {"without-proc", without_proc},
    {NULL, NULL},
};

RUN(cases)
