/* Blocks that the program's memory still holds when it ends. */
#define _GNU_SOURCE
#include "corpus.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

struct node {
  struct node *next;
  char *name;
};

struct arena {
  char *blocks[16];
};

char *kept_block;
char *kept_middle;
int *kept_numbers; /* counted from 1 */
struct node *kept_list;
struct node **kept_table;
struct arena *kept_arena;
char *kept_until_exit;
FILE *kept_file;

static void keep_in_global(void) { kept_block = malloc(201); }
static void keep_inside_global(void) { kept_middle = (char *)malloc(202) + 100; }

static void keep_numbers(void) {
  kept_numbers = (int *)malloc(20 * sizeof(int)) + 1;
  use(&kept_numbers);
}

static void keep_in_static(void) {
  static char *volatile kept;
  kept = malloc(203);
  use(kept);
}

static struct node *new_node(int number, struct node *next) {
  struct node *fresh = malloc(sizeof *fresh);
  fresh->next = next;
  if (asprintf(&fresh->name, "node %d", number) < 0) {
    abort();
  }
  return fresh;
}

static void keep_list(void) {
  for (int i = 0; i < 50; i++) {
    kept_list = new_node(i, kept_list);
  }
}

static void keep_table(void) {
  kept_table = calloc(20, sizeof(struct node *));
  for (int i = 0; i < 20; i++) {
    kept_table[i] = new_node(i, NULL);
  }
}

static void keep_in_mapping(void) {
  kept_arena =
      mmap(NULL, sizeof *kept_arena, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 3; i++) {
    kept_arena->blocks[i] = malloc(204);
    use(kept_arena->blocks[i]);
  }
}

/* libplugin.so lies beside this program. */
static const char *plugin_path(void) {
  static char path[PATH_MAX + 32];
  char program[PATH_MAX];
  ssize_t bytes = readlink("/proc/self/exe", program, sizeof program - 1);
  program[bytes < 0 ? 0 : bytes] = '\0';
  snprintf(path, sizeof path, "%s/libplugin.so", dirname(program));
  return path;
}

static void keep_by(const char *path, const char *function, size_t bytes) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void (*keep)(size_t) = library != NULL ? (void (*)(size_t))dlsym(library, function) : NULL;
  if (keep == NULL) {
    fprintf(stderr, "%s: %s\n", path, dlerror());
    exit(2);
  }
  keep(bytes);
}

static void keep_in_library(void) { keep_by(plugin_path(), "plugin_keep", 205); }

/* Some libraries, each with thread-local variables of its own: copies of one. */
static void keep_in_libraries_thread_local(void) {
  for (int i = 0; i < 5; i++) {
    char path[64], content[4096];
    int from = open(plugin_path(), O_RDONLY), to = memfd_create("plugin", 0);
    for (ssize_t got; (got = read(from, content, sizeof content)) > 0;) {
      if (write(to, content, (size_t)got) != got) {
        abort();
      }
    }
    close(from);
    snprintf(path, sizeof path, "/proc/self/fd/%d", to);
    keep_by(path, "plugin_keep_for_thread", 210);
  }
}

/* Nothing is lost, and the messages are right. */
static void miss_libraries(void) {
  for (int i = 0; i < 5; i++) {
    const char *message = dlopen("libmissing.so", RTLD_NOW) == NULL ? dlerror() : NULL;
    if (message == NULL || strstr(message, "libmissing.so") == NULL) {
      exit(2);
    }
    use(dlopen("libm.so.6", RTLD_NOW));
  }
}

static void free_kept(void) { free(kept_until_exit); }

static void free_in_exit_handler(void) {
  kept_until_exit = malloc(206);
  use(kept_until_exit);
  atexit(free_kept);
}

static void free_argument(int code, void *block) {
  (void)code;
  free(block);
}

static void free_as_exit_handlers_argument(void) { on_exit(free_argument, malloc(207)); }

static void keep_open_file(void) {
  kept_file = tmpfile();
  fputs("buffered", kept_file);
}

static void keep_environment(void) {
  char name[32];
  for (int i = 0; i < 20; i++) {
    snprintf(name, sizeof name, "KEPT_%d", i % 7);
    setenv(name, "a value", 1);
  }
}

static void keep_libcs_own(void) {
  time_t now = 0;
  setlocale(LC_ALL, "");
  setenv("TZ", "Europe/Berlin", 1);
  tzset();
  use(localtime(&now));
  printf("%s\n", strerror(12345));
}

/* A coroutine that is never resumed: its stack is a block. */
static ucontext_t main_context, coroutine;

static void hold_in_coroutine(void) {
  char *volatile block = malloc(208);
  swapcontext(&coroutine, &main_context);
  free(block);
}

static void keep_in_coroutine(void) {
  size_t bytes = 64 * 1024;
  getcontext(&coroutine);
  coroutine.uc_stack.ss_sp = malloc(bytes);
  coroutine.uc_stack.ss_size = bytes;
  coroutine.uc_link = &main_context;
  makecontext(&coroutine, hold_in_coroutine, 0);
  swapcontext(&main_context, &coroutine);
}

static void keep_in_callers_frame(void) {
  char *volatile block = malloc(209);
  block[0] = 1;
  exit(0);
}

static const struct corpus_case cases[] = {
    {"global", keep_in_global},
    {"interior-pointer", keep_inside_global},
    {"interior-by-four", keep_numbers},
    {"static", keep_in_static},
    {"list-head", keep_list},
    {"table", keep_table},
    {"mapping", keep_in_mapping},
    {"library", keep_in_library},
    {"libraries-thread-local", keep_in_libraries_thread_local},
    {"missing-library", miss_libraries},
    {"exit-handler", free_in_exit_handler},
    {"exit-handlers-argument", free_as_exit_handlers_argument},
    {"open-file", keep_open_file},
    {"environment", keep_environment},
    {"libc", keep_libcs_own},
    {"coroutine", keep_in_coroutine},
    {"callers-frame", keep_in_callers_frame},
    {NULL, NULL},
};

int main(int argc, char **argv) { return run_case(cases, argc, argv); }
