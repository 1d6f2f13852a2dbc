/* The agent's beginning: the first code to run in the process (-z initfirst), before libc
 * itself is initialised and before any other library allocates. Only raw system calls and
 * the loader's dlsym/dlopen are used here. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "agent.h"
#include "sys.h"

static const char run_dir_key[] = "LEAKCHECK_AGENT_RUN_DIR=";
static const char preload_key[] = "LD_PRELOAD=";
static const char kept_key[] = "LEAKCHECK_AGENT_KEEP=";

static const char *value_of(const char *entry, const char *key) {
  while (*key != '\0' && *entry == *key) {
    entry++;
    key++;
  }
  return *key == '\0' ? entry : NULL;
}

static const char *find(char **envp, const char *key) {
  for (; *envp != NULL; envp++) {
    const char *value = value_of(*envp, key);
    if (value != NULL) {
      return value;
    }
  }
  return NULL;
}

static void remove_entry(char **envp, const char *key) {
  char **to = envp;
  for (; *envp != NULL; envp++) {
    if (value_of(*envp, key) == NULL) {
      *to++ = *envp;
    }
  }
  *to = NULL;
}

static char companion_entry[sizeof lc_config.run_dir + 64];

/* LEAKCHECK_GO_DUMP=pid:file tells the companion where to leave its dump; a child that
 * inherits it has another process id and leaves none. */
static char *companion_variable(const char *run_dir) {
  char digits[16];
  int count = 0;
  size_t used = 0;
  for (long pid = lc_sys0(SYS_getpid); pid > 0; pid /= 10) {
    digits[count++] = (char)('0' + pid % 10);
  }
  for (const char *at = "LEAKCHECK_GO_DUMP="; *at != '\0'; at++) {
    companion_entry[used++] = *at;
  }
  while (count > 0) {
    companion_entry[used++] = digits[--count];
  }
  companion_entry[used++] = ':';
  for (const char *at = run_dir; *at != '\0'; at++) {
    companion_entry[used++] = *at;
  }
  for (const char *at = "/go.heapdump"; *at != '\0'; at++) {
    companion_entry[used++] = *at;
  }
  return companion_entry;
}

/* The program's children run plain: they get the user's own LD_PRELOAD, or none. */
static void clean_environment(char **envp) {
  remove_entry(envp, preload_key);
  if (lc_config.go_companion) {
    for (char **at = envp; *at != NULL; at++) {
      if (value_of(*at, run_dir_key) != NULL) {
        *at = companion_variable(lc_config.run_dir);
      }
    }
  }
  remove_entry(envp, run_dir_key);
  for (; *envp != NULL; envp++) {
    const char *value = value_of(*envp, kept_key);
    if (value != NULL) { /* LEAKCHECK_AGENT_KEEP=LD_PRELOAD=… becomes LD_PRELOAD=… */
      *envp = (char *)(uintptr_t)value;
      break;
    }
  }
}

/* The checker has read these when the program begins; its children are not to be checked.
 * `original` is what the kernel made, which Go reads; libc's own may be a copy by now. */
void lc_forget_checker_variables(char **original) {
  char **both[] = {original, environ};
  for (int i = 0; i < 2; i++) {
    remove_entry(both[i], "HEAPCHECK=");
    remove_entry(both[i], "HEAP_CHECK_DUMP_DIRECTORY=");
  }
}

struct image_search {
  uintptr_t inside;
  struct lc_range found;
};

static int match_image(struct dl_phdr_info *info, size_t size, void *argument) {
  struct image_search *search = argument;
  struct lc_range image = {~(uintptr_t)0, 0};
  (void)size;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    if (header->p_type == PT_LOAD) {
      uintptr_t lo = info->dlpi_addr + header->p_vaddr;
      image.lo = lo < image.lo ? lo : image.lo;
      image.hi = lo + header->p_memsz > image.hi ? lo + header->p_memsz : image.hi;
    }
  }
  if (search->inside < image.lo || search->inside >= image.hi) {
    return 0;
  }
  search->found = image;
  return 1;
}

struct lc_range lc_image_around(uintptr_t address) {
  struct image_search search = {.inside = address};
  dl_iterate_phdr(match_image, &search);
  return search.found;
}

struct lc_range lc_function_at(uintptr_t address) {
  Dl_info info;
  const ElfW(Sym) *symbol = NULL;
  bool found = dladdr1((void *)address, &info, (void **)&symbol, RTLD_DL_SYMENT) != 0;
  return (struct lc_range){address, found && symbol != NULL ? address + symbol->st_size : address};
}

static bool knows_go_frames(void) {
  const struct lc_config *c = &lc_config;
  return c->go && c->tlsg != 0 && c->g_m >= 0 && c->g_sched_sp >= 0 && c->g_stack_lo >= 0 &&
         c->g_stack_hi >= 0 && c->g_syscallsp >= 0 && c->m_g0 >= 0 && c->m_curg >= 0 &&
         c->go_text_start != 0;
}

const struct link_map *lc_first_link_map;
uintptr_t lc_static_tls_bytes = 4096; /* and what glibc keeps for libraries loaded later */

static int add_tls(struct dl_phdr_info *info, size_t size, void *unused) {
  (void)size;
  (void)unused;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    if (header->p_type == PT_TLS) {
      lc_static_tls_bytes += header->p_memsz + header->p_align;
    }
  }
  return 0;
}

static const char *start(void) {
  const struct r_debug *debug = dlsym(RTLD_DEFAULT, "_r_debug");
  lc_first_link_map = debug != NULL ? debug->r_map : NULL;
  dl_iterate_phdr(add_tls, NULL);
  lc_agent_image = lc_image_around((uintptr_t)start);
  lc_loader_image = lc_image_around(getauxval(AT_BASE));
  lc_threads_start();
  const char *why = lc_config.is_heapcheck ? lc_heapcheck_start() : lc_hooks_install();
  if (why == NULL) {
    lc_guard++;
    lc_realloc_start();
    lc_aligned_start();
    lc_unwind_start();
    lc_waits_start();
    lc_stats_start();
    dlerror(); /* the program is not to hear of what was not found here */
    lc_guard--;
    why = lc_exits_start();
  }
  if (why == NULL) {
    lc_config.has_go_frames = knows_go_frames();
    lc_go_stack_start();
    lc_snapshot_at_dump_start();
    lc_canary_leak();
    lc_observe_this_process();
    lc_snapshot_start();
    lc_unload_start(debug);
  }
  return why;
}

/* libc's initialiser is run by the dlopen of libunwind, before the loader does it, with no
 * arguments and with the environment that `environ` names at that moment, which is none. */
static void give_libc_its_environment(char **envp) { environ = envp; }

/* What libc's initialiser would have made of argv[0]; it is not run a second time. */
static void give_libc_the_program_name(char *name) {
  if (name != NULL && *program_invocation_name == '\0') {
    program_invocation_name = program_invocation_short_name = name;
    for (; *name != '\0'; name++) {
      if (*name == '/') {
        program_invocation_short_name = name + 1;
      }
    }
  }
}

__attribute__((constructor)) static void agent_start(int argc, char **argv, char **envp) {
  const char *run_dir = find(envp, run_dir_key);
  lc_arch_start();
  lc_exits_find();
  if (run_dir == NULL) {
    return;
  }
  const char *why = lc_config_read(run_dir);
  lc_words_start();
  clean_environment(envp);
  give_libc_its_environment(envp);
  if (why == NULL) {
    why = start();
  }
  give_libc_the_program_name(argc > 0 ? argv[0] : NULL);
  if (why != NULL) {
    lc_report_failure(why, NULL);
  }
}
