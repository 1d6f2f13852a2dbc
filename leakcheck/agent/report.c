/* Writes the agent's files (docs/agent.md). Runs in the forked checker, and once at the
 * start when there can be no check: raw system calls only. */
#include <errno.h>

#include "agent.h"
#include "sys.h"

enum { DIRECT, INDIRECT, IN_USE, KINDS };
static const char *const file_names[KINDS] = {"direct.heap", "indirect.heap", "inuse.heap"};

struct row {
  uint32_t stack; /* LC_NO_STACK: a block whose stack could not be kept */
  uint64_t objects, bytes;
};

struct rows {
  struct row *items;
  size_t count;
  uint64_t objects, bytes;
};

static struct lc_out out;
static struct rows rows[KINDS];
static uint32_t row_of_no_stack[KINDS];

static uint32_t *row_number(int kind, uint32_t stack) {
  return stack == LC_NO_STACK ? &row_of_no_stack[kind] : &lc_depot_get(stack)->row[kind];
}

static struct row *row_of(int kind, uint32_t stack) {
  struct rows *all = &rows[kind];
  uint32_t *number = row_number(kind, stack);
  if (*number == 0) {
    all->items[all->count++] = (struct row){.stack = stack};
    *number = (uint32_t)all->count;
  }
  return &all->items[*number - 1];
}

static void add_to_row(int kind, const struct lc_block *block) {
  struct rows *to = &rows[kind];
  struct row *row = row_of(kind, block->stack);
  row->objects++;
  row->bytes += block->bytes;
  to->objects++;
  to->bytes += block->bytes;
}

static void put_row(const struct row *row) {
  const struct lc_stack *stack = row->stack == LC_NO_STACK ? NULL : lc_depot_get(row->stack);
  lc_put_number(&out, row->objects, 6);
  lc_put(&out, ": ");
  lc_put_number(&out, row->bytes, 8);
  lc_put(&out, " [");
  lc_put_number(&out, stack != NULL ? stack->allocated_objects : row->objects, 6);
  lc_put(&out, ": ");
  lc_put_number(&out, stack != NULL ? stack->allocated_bytes : row->bytes, 8);
  lc_put(&out, "] @");
  for (uint32_t i = 0; stack != NULL && i < stack->count; i++) {
    lc_put(&out, " ");
    lc_put_hex(&out, stack->frames[i]);
  }
  lc_put(&out, "\n");
}

static void put_allocated_total(const struct rows *from) {
  uint64_t objects = 0, bytes = 0;
  for (size_t i = 0; i < from->count; i++) {
    const struct row *row = &from->items[i];
    const struct lc_stack *stack = row->stack == LC_NO_STACK ? NULL : lc_depot_get(row->stack);
    objects += stack != NULL ? stack->allocated_objects : row->objects;
    bytes += stack != NULL ? stack->allocated_bytes : row->bytes;
  }
  lc_put_number(&out, objects, 6);
  lc_put(&out, ": ");
  lc_put_number(&out, bytes, 8);
}

static bool write_rows(int kind, const char *name, const struct lc_maps *maps) {
  if (!lc_out_open(&out, name)) {
    return false;
  }
  lc_put(&out, "heap profile: ");
  lc_put_number(&out, rows[kind].objects, 6);
  lc_put(&out, ": ");
  lc_put_number(&out, rows[kind].bytes, 8);
  lc_put(&out, " [");
  put_allocated_total(&rows[kind]);
  lc_put(&out, "] @ heapprofile\n");
  for (size_t i = 0; i < rows[kind].count; i++) {
    put_row(&rows[kind].items[i]);
  }
  lc_put(&out, "\nMAPPED_LIBRARIES:\n");
  lc_put_bytes(&out, maps->text, maps->text_bytes);
  const char *unloaded;
  size_t bytes = lc_unloaded(&unloaded);
  lc_put_bytes(&out, unloaded, bytes);
  return lc_out_close(&out, name);
}

/* ---- which direct leak holds which indirect one ---- */

struct pair {
  uint64_t key; /* indirect row << 32 | direct row; 0: free slot */
  uint64_t objects, bytes;
};

static void add_pair(struct pair *pairs, size_t mask, uint64_t key, uint64_t bytes) {
  size_t at = (size_t)(key * 0x9e3779b97f4a7c15u >> 20) & mask;
  while (pairs[at].key != 0 && pairs[at].key != key) {
    at = (at + 1) & mask;
  }
  pairs[at].key = key;
  pairs[at].objects++;
  pairs[at].bytes += bytes;
}

static bool write_owners(const struct lc_marks *marks) {
  size_t slots = 16;
  while (slots < rows[INDIRECT].objects * 2) {
    slots *= 2;
  }
  struct pair *pairs = lc_map(slots * sizeof *pairs);
  if (pairs == NULL || !lc_out_open(&out, "owners")) {
    return false;
  }
  for (size_t i = 0; i < marks->count; i++) {
    if (marks->state[i] == LC_LOST && i != marks->canary && marks->owner[i] != i) {
      const struct lc_block *block = lc_block_at(i);
      uint64_t held = *row_number(INDIRECT, block->stack);
      uint64_t holder = *row_number(DIRECT, lc_block_at(marks->owner[i])->stack);
      add_pair(pairs, slots - 1, held << 32 | holder, block->bytes);
    }
  }
  for (size_t i = 0; i < slots; i++) {
    if (pairs[i].key >> 32 != 0 && (uint32_t)pairs[i].key != 0) {
      lc_put_number(&out, (pairs[i].key >> 32) - 1, 0);
      lc_put(&out, " ");
      lc_put_number(&out, (uint32_t)pairs[i].key - 1, 0);
      lc_put(&out, " ");
      lc_put_number(&out, pairs[i].objects, 0);
      lc_put(&out, " ");
      lc_put_number(&out, pairs[i].bytes, 0);
      lc_put(&out, "\n");
    }
  }
  return lc_out_close(&out, "owners");
}

/* ---- which test a row belongs to ---- */

static void put_tests(int kind, const char *kind_name) {
  for (size_t i = 0; i < rows[kind].count; i++) {
    uint32_t stack = rows[kind].items[i].stack;
    uint32_t test = stack == LC_NO_STACK ? 0 : lc_depot_get(stack)->test;
    if (test == 0) {
      continue;
    }
    size_t bytes;
    const char *name = lc_test_name(test, &bytes);
    lc_put(&out, kind_name);
    lc_put(&out, " ");
    lc_put_number(&out, i, 0);
    lc_put(&out, " ");
    lc_put_bytes(&out, name, bytes);
    lc_put(&out, "\n");
  }
}

static bool write_tests(void) {
  if (!lc_out_open(&out, "tests")) {
    return false;
  }
  put_tests(DIRECT, "direct");
  put_tests(INDIRECT, "indirect");
  if (lc_config.profile) {
    put_tests(IN_USE, "inuse");
  }
  return lc_out_close(&out, "tests");
}

/* ---- evidence ---- */

static void put_text(const char *key, const char *value) {
  lc_put(&out, key);
  lc_put(&out, " ");
  lc_put(&out, value);
  lc_put(&out, "\n");
}

static void put_count(const char *key, uint64_t value) {
  lc_put(&out, key);
  lc_put(&out, " ");
  lc_put_number(&out, value, 0);
  lc_put(&out, "\n");
}

static const char *level_name(void) {
  static const char *const names[] = {"normal", "strict", "draconian"};
  return names[lc_config.level];
}

static void put_liveness(const struct lc_roots *roots) {
  lc_put(&out, "go_liveness ");
  if (!lc_config.go) {
    lc_put(&out, "-\n");
  } else if (roots->go_exact) {
    lc_put(&out, "exact\n");
  } else {
    lc_put(&out, "conservative: ");
    lc_put(&out, roots->go_why);
    lc_put(&out, "\n");
  }
}

static bool write_evidence(const struct lc_marks *marks, const struct lc_roots *roots,
                           const struct lc_exit *exit, uint64_t took_us) {
  struct lc_counters sum;
  lc_counters_sum(&sum);
  if (!lc_out_open(&out, "evidence")) {
    return false;
  }
  bool found = marks->canary != LC_NO_BLOCK && marks->state[marks->canary] == LC_LOST;
  put_text("agent", "1");
  put_count("pid", (uint64_t)lc_sys0(SYS_getppid));
  put_text("level", level_name());
  put_count("exit_code", (unsigned)exit->code & 255u);
  put_text("moment", exit->moment);
  put_count("allocations", sum.allocations);
  put_count("frees", sum.frees);
  put_count("live_objects", rows[IN_USE].objects);
  put_count("live_bytes", rows[IN_USE].bytes);
  put_count("unknown_frees", sum.unknown_frees);
  put_count("lost", sum.lost);
  put_count("over_limit", sum.over_limit);
  put_count("max_blocks", (uint64_t)lc_config.max_blocks);
  put_text("canary", found ? "found" : "missing");
  put_text("unwinder", lc_unwinder_name());
  put_count("stacks", lc_depot_count());
  put_count("threads", roots->threads);
  put_count("threads_unanswered", roots->unanswered);
  put_count("root_bytes", roots->bytes);
  put_text("go_frames", lc_go_frames_state());
  put_liveness(roots);
  put_count("direct_objects", rows[DIRECT].objects);
  put_count("direct_bytes", rows[DIRECT].bytes);
  put_count("indirect_objects", rows[INDIRECT].objects);
  put_count("indirect_bytes", rows[INDIRECT].bytes);
  put_count("direct_rows", rows[DIRECT].count);
  put_count("indirect_rows", rows[INDIRECT].count);
  put_count("check_us", took_us);
  lc_put(&out, "end\n");
  return lc_out_close(&out, "evidence");
}

/* What gperftools' checker found stands in the files it wrote itself. */
const char *lc_report_heapcheck(const struct lc_exit *exit, bool found_none, uint64_t took_us) {
  struct lc_thread *threads;
  if (!lc_out_open(&out, "evidence")) {
    return "the report could not be written (disk full?)";
  }
  put_text("agent", "1");
  put_text("engine", "heapcheck");
  put_count("pid", (uint64_t)lc_sys0(SYS_getppid));
  put_text("level", level_name());
  put_count("exit_code", (unsigned)exit->code & 255u);
  put_text("moment", exit->moment);
  put_text("checker", found_none ? "no_leaks" : "leaks");
  put_count("canary_bytes", LC_CANARY_BYTES);
  lc_put(&out, "agent_code ");
  lc_put_hex(&out, lc_agent_image.lo);
  lc_put(&out, " ");
  lc_put_hex(&out, lc_agent_image.hi);
  lc_put(&out, "\n");
  put_count("threads", lc_threads_stopped(&threads) + 1);
  put_text("go_frames", lc_config.go ? "no: gperftools records C frames alone" : "-");
  put_text("go_liveness",
           lc_config.go ? "unknown: what only Go's heap holds counts as leaked" : "-");
  put_count("check_us", took_us);
  lc_put(&out, "end\n");
  return lc_out_close(&out, "evidence") ? NULL : "the report could not be written (disk full?)";
}

/* ---- all ---- */

static void add_in_use(const struct lc_block *block, void *canary_stack) {
  if (lc_is_canary(block)) {
    *(uint32_t *)canary_stack = block->stack;
  } else if (block->stack != LC_OWNED_BY_AGENT) {
    add_to_row(IN_USE, block);
  }
}

/* A profile counts what was allocated, so it has a row for each stack, though nothing of it be in
 * use any more. */
static void add_empty_row(uint32_t id, struct lc_stack *stack, void *canary_stack) {
  if (stack->allocated_objects != 0 && id != *(const uint32_t *)canary_stack) {
    row_of(IN_USE, id);
  }
}

static bool make_rows(const struct lc_marks *marks) {
  uint32_t canary_stack = LC_NO_STACK;
  for (int kind = 0; kind < KINDS; kind++) {
    rows[kind].items = lc_map((lc_depot_count() + 2) * sizeof *rows[kind].items);
    if (rows[kind].items == NULL) {
      return false;
    }
  }
  lc_table_each(add_in_use, &canary_stack);
  for (size_t i = 0; i < marks->count; i++) {
    if (marks->state[i] == LC_LOST && !lc_block_is_own(i)) {
      add_to_row(marks->owner[i] == i ? DIRECT : INDIRECT, lc_block_at(i));
    }
  }
  if (lc_config.profile) {
    lc_depot_each(add_empty_row, &canary_stack);
  }
  return true;
}

static const char *why_unwritten(void) {
  switch (out.error) {
  case ENOSPC:
  case EDQUOT:
    return "the report could not be written: the disk is full";
  case EFBIG:
    return "the report could not be written: the program limited the size of files";
  case EACCES:
  case EPERM:
  case ENOENT:
    return "the report could not be written: the program gave up its rights or changed its root";
  default:
    return "the report could not be written";
  }
}

/* ---- snapshots ---- */

static void put_snapshot_name(char *name, const char *start, unsigned number, const char *end) {
  size_t used = 0;
  while (*start != '\0') {
    name[used++] = *start++;
  }
  for (unsigned unit = 100000; unit != 0; unit /= 10) {
    name[used++] = (char)('0' + number / unit % 10);
  }
  while (*end != '\0') {
    name[used++] = *end++;
  }
  name[used] = '\0';
}

/* The tests first: where the profile is, they are too. */
const char *lc_report_snapshot(unsigned number, const struct lc_maps *maps) {
  char name[64];
  uint32_t canary_stack = LC_NO_STACK;
  lc_tallies_settle();
  rows[IN_USE].items = lc_map((lc_depot_count() + 2) * sizeof *rows[IN_USE].items);
  if (rows[IN_USE].items == NULL) {
    return "no memory to write a snapshot";
  }
  lc_table_drop_older();
  lc_table_each(add_in_use, &canary_stack);
  lc_depot_each(add_empty_row, &canary_stack);
  put_snapshot_name(name, "snapshot.", number, ".tests");
  if (!lc_out_open(&out, name)) {
    return "a snapshot could not be written";
  }
  put_tests(IN_USE, "inuse");
  bool is_written = lc_out_close(&out, name);
  put_snapshot_name(name, "snapshot.", number, ".heap");
  return is_written && write_rows(IN_USE, name, maps) ? NULL : "a snapshot could not be written";
}

const char *lc_report_write(const struct lc_marks *marks, const struct lc_roots *roots,
                            const struct lc_maps *maps, const struct lc_exit *exit,
                            uint64_t took_us) {
  lc_tallies_settle();
  if (!make_rows(marks)) {
    return "no memory to write the report";
  }
  for (int kind = 0; kind < KINDS; kind++) {
    if (!write_rows(kind, file_names[kind], maps)) {
      return why_unwritten();
    }
  }
  if (!write_owners(marks) || !write_tests() || !write_evidence(marks, roots, exit, took_us)) {
    return why_unwritten();
  }
  return NULL;
}

void lc_report_failure(const char *why, const char *detail) {
  if (lc_words_failure(why, detail)) {
    return; /* without a system call, which a program's own filter might not survive */
  }
  if (lc_out_open(&out, "failure")) {
    lc_put(&out, why);
    if (detail != NULL) {
      lc_put(&out, ": ");
      lc_put(&out, detail);
    }
    lc_put(&out, "\n");
    lc_out_close(&out, "failure");
  }
}
