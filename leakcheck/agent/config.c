/* Reads agent.conf. Runs once, before libc is initialised: raw system calls only. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>

#include "agent.h"
#include "sys.h"

struct lc_config lc_config = {
    .level = LC_NORMAL,
    .deadline_ms = 60000,
    .go_why = "this binary was built without the companion",
    .g_m = -1,
    .g_sched_sp = -1,
    .g_stack_lo = -1,
    .g_stack_hi = -1,
    .g_syscallsp = -1,
    .g_syscallpc = -1,
    .g_syscallbp = -1,
    .g_goid = -1,
    .g_gopc = -1,
    .g_status = -1,
    .g_parent = -1,
    .trunner_t = -1,
    .t_name = -1,
    .m_g0 = -1,
    .m_curg = -1,
    .module_functions = -1,
    .module_table = -1,
    .module_text = -1,
    .module_rodata = -1,
    .module_gofunc = -1,
    .module_next = -1,
    .module_names = -1,
    .function_npcdata = -1,
    .function_nfuncdata = -1,
};

static bool same(const char *a, const char *b) {
  while (*a != '\0' && *a == *b) {
    a++;
    b++;
  }
  return *a == *b;
}

static long number(const char *text) {
  bool negative = *text == '-';
  text += negative;
  unsigned long value = 0;
  if (text[0] == '0' && text[1] == 'x') {
    for (text += 2; *text != '\0'; text++) {
      unsigned digit = (unsigned)(*text <= '9' ? *text - '0' : (*text | 32) - 'a' + 10);
      value = value * 16 + digit;
    }
  } else {
    for (; *text >= '0' && *text <= '9'; text++) {
      value = value * 10 + (unsigned long)(*text - '0');
    }
  }
  return negative ? -(long)value : (long)value;
}

static const struct {
  const char *key;
  long *to;
} numbers[] = {
    {"deadline_ms", &lc_config.deadline_ms},
    {"malloc_stats", &lc_config.malloc_stats},
    {"snapshot_interval_ms", &lc_config.snapshot_interval_ms},
    {"snapshot_step_bytes", &lc_config.snapshot_step_bytes},
    {"max_blocks", &lc_config.max_blocks},
    {"go_tlsg", &lc_config.tlsg},
    {"go_g_m", &lc_config.g_m},
    {"go_g_sched_sp", &lc_config.g_sched_sp},
    {"go_g_stack_lo", &lc_config.g_stack_lo},
    {"go_g_stack_hi", &lc_config.g_stack_hi},
    {"go_g_syscallsp", &lc_config.g_syscallsp},
    {"go_g_syscallpc", &lc_config.g_syscallpc},
    {"go_g_syscallbp", &lc_config.g_syscallbp},
    {"go_g_goid", &lc_config.g_goid},
    {"go_g_gopc", &lc_config.g_gopc},
    {"go_g_parent", &lc_config.g_parent},
    {"go_dumper", (long *)&lc_config.go_dumper},
    {"go_world_starter", (long *)&lc_config.go_world_starter},
    {"go_allgs", (long *)&lc_config.go_allgs},
    {"go_persistent", (long *)&lc_config.go_persistent},
    {"go_allp", (long *)&lc_config.go_allp},
    {"go_allglen", (long *)&lc_config.go_allglen},
    {"go_allgptr", (long *)&lc_config.go_allgptr},
    {"go_g_status", &lc_config.g_status},
    {"go_cgocall", (long *)&lc_config.go_cgocall},
    {"go_cgocall_end", (long *)&lc_config.go_cgocall_end},
    {"go_trunner_start", (long *)&lc_config.trunner_start},
    {"go_trunner_end", (long *)&lc_config.trunner_end},
    {"go_trunner_t", &lc_config.trunner_t},
    {"go_t_name", &lc_config.t_name},
    {"go_m_g0", &lc_config.m_g0},
    {"go_m_curg", &lc_config.m_curg},
    {"go_modules", (long *)&lc_config.go_modules},
    {"go_module_functions", &lc_config.module_functions},
    {"go_module_table", &lc_config.module_table},
    {"go_module_text", &lc_config.module_text},
    {"go_module_rodata", &lc_config.module_rodata},
    {"go_module_gofunc", &lc_config.module_gofunc},
    {"go_module_next", &lc_config.module_next},
    {"go_module_names", &lc_config.module_names},
    {"go_function_npcdata", &lc_config.function_npcdata},
    {"go_function_nfuncdata", &lc_config.function_nfuncdata},
    {"go_arenas", (long *)&lc_config.go_arenas},
    {"go_data_start", (long *)&lc_config.go_data[0].lo},
    {"go_data_end", (long *)&lc_config.go_data[0].hi},
    {"go_bss_start", (long *)&lc_config.go_data[1].lo},
    {"go_bss_end", (long *)&lc_config.go_data[1].hi},
    {"go_noptrdata_start", (long *)&lc_config.go_data[2].lo},
    {"go_noptrdata_end", (long *)&lc_config.go_data[2].hi},
    {"go_noptrbss_start", (long *)&lc_config.go_data[3].lo},
    {"go_noptrbss_end", (long *)&lc_config.go_data[3].hi},
    {"go_text_start", (long *)&lc_config.go_text_start},
    {"go_text_end", (long *)&lc_config.go_text_end},
};

static void copy(char *to, size_t room, const char *text) {
  size_t used = 0;
  while (text[used] != '\0' && used + 1 < room) {
    to[used] = text[used];
    used++;
  }
  to[used] = '\0';
}

static void take(const char *key, const char *value) {
  if (same(key, "level")) {
    lc_config.level = same(value, "draconian") ? LC_DRACONIAN
                      : same(value, "strict")  ? LC_STRICT
                                               : LC_NORMAL;
  } else if (same(key, "engine")) {
    lc_config.is_heapcheck = same(value, "heapcheck");
  } else if (same(key, "profile")) {
    lc_config.profile = same(value, "1");
  } else if (same(key, "go")) {
    lc_config.go = same(value, "1");
  } else if (same(key, "go_companion")) {
    lc_config.go_companion = same(value, "1");
  } else if (same(key, "go_why")) {
    copy(lc_config.go_why, sizeof lc_config.go_why, value);
  }
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    if (same(key, numbers[i].key)) {
      *numbers[i].to = number(value);
    }
  }
}

static void parse(char *text) {
  while (*text != '\0') {
    char *key = text, *value = "";
    while (*text != '\0' && *text != '\n') {
      if (*text == ' ' && *value == '\0') {
        *text = '\0';
        value = text + 1;
      }
      text++;
    }
    if (*text == '\n') {
      *text++ = '\0';
    }
    take(key, value);
  }
}

const char *lc_config_read(const char *run_dir) {
  static char text[16384];
  char path[sizeof lc_config.run_dir + 16];
  size_t used = 0;
  for (; run_dir[used] != '\0'; used++) {
    if (used + 1 >= sizeof lc_config.run_dir) {
      return "the path of the run directory is too long";
    }
    path[used] = lc_config.run_dir[used] = run_dir[used];
  }
  for (const char *rest = "/agent.conf"; *rest != '\0'; rest++) {
    path[used++] = *rest;
  }
  path[used] = '\0';
  long fd = lc_sys4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) {
    return "agent.conf cannot be opened";
  }
  size_t size = 0;
  for (;;) {
    long got = lc_sys3(SYS_read, fd, text + size, sizeof text - 1 - size);
    if (got == -EINTR) {
      continue;
    }
    if (got <= 0) {
      break;
    }
    size += (size_t)got;
  }
  lc_sys1(SYS_close, fd);
  text[size] = '\0';
  parse(text);
  return NULL;
}
