/* What Go's function tables say of the objects on a goroutine's stack: variables whose address is
 * taken, closures, arrays (runtime/symtab.go, findfunc and funcdata; runtime/stack.go,
 * stackObjectRecord). Runs in the forked checker; reads the program's own read-only data. */
#define _GNU_SOURCE
#include <string.h>

#include "agent.h"
#include "sys.h"

#define LOCAL_MAPS 1u /* internal/abi/symtab.go, FUNCDATA_LocalsPointerMaps */
#define STACK_OBJECTS 2u /* FUNCDATA_StackObjects */
#define MOST_OBJECTS 65536u
#define NAME_OFFSET 4 /* in runtime._func: nameOff and args */
#define ARGUMENTS_OFFSET 8
#define MOST_ARGUMENTS 4096u
#define NOT_THERE UINT32_MAX

struct entry { /* runtime.functab */
  uint32_t code, function;
};

static uint32_t half_at(uintptr_t base, long offset) {
  return *(const uint32_t *)(base + (uintptr_t)offset);
}

static bool has_tables(void) {
  return lc_config.go_modules != 0 && lc_config.module_functions >= 0 &&
         lc_config.module_table >= 0 && lc_config.module_text >= 0 &&
         lc_config.module_rodata >= 0 && lc_config.module_gofunc >= 0 &&
         lc_config.module_next >= 0 && lc_config.function_npcdata >= 0 &&
         lc_config.function_nfuncdata >= 0;
}

static size_t table_count(uintptr_t module) {
  size_t count = lc_word_at(module, lc_config.module_table + 8);
  return count > 0 ? count - 1 : 0; /* the last entry is the end of the text */
}

/* The entry of the function that begins at `code`, an offset in the module's text; NULL when none
 * does. */
static const struct entry *entry_at(uintptr_t module, uint32_t code) {
  const struct entry *table = (const struct entry *)lc_word_at(module, lc_config.module_table);
  size_t low = 0, high = table_count(module);
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (table[middle].code < code) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < table_count(module) && table[low].code == code ? &table[low] : NULL;
}

static const struct entry *find(uintptr_t pc, uintptr_t *module) {
  for (*module = has_tables() ? lc_config.go_modules : 0; *module != 0;
       *module = lc_word_at(*module, lc_config.module_next)) {
    uintptr_t text = lc_word_at(*module, lc_config.module_text);
    const struct entry *found =
        pc >= text && pc - text < UINT32_MAX ? entry_at(*module, (uint32_t)(pc - text)) : NULL;
    if (found != NULL) {
      return found;
    }
  }
  return NULL;
}

/* Its runtime._func; 0 when no function begins there. */
static uintptr_t function_at(uintptr_t pc, uintptr_t *module) {
  const struct entry *entry = find(pc, module);
  uintptr_t function =
      entry != NULL ? lc_word_at(*module, lc_config.module_functions) + entry->function : 0;
  return function != 0 && half_at(function, 0) == entry->code ? function : 0;
}

/* 0: it has none of this kind. */
static uintptr_t data_of(uintptr_t module, uintptr_t function, uint32_t kind) {
  long last = lc_config.function_nfuncdata;
  if (*(const unsigned char *)(function + (uintptr_t)last) <= kind) {
    return 0;
  }
  const uint32_t *offsets = (const uint32_t *)(function + (uintptr_t)last + 1);
  uint32_t offset = offsets[half_at(function, lc_config.function_npcdata) + kind];
  return offset == NOT_THERE ? 0 : lc_word_at(module, lc_config.module_gofunc) + offset;
}

static bool objects_of(uintptr_t module, uintptr_t function, struct lc_go_objects *objects) {
  uintptr_t list = data_of(module, function, STACK_OBJECTS);
  uintptr_t maps = data_of(module, function, LOCAL_MAPS);
  *objects = (struct lc_go_objects){
      .rodata = lc_word_at(module, lc_config.module_rodata),
      .argument_bytes = half_at(function, ARGUMENTS_OFFSET),
  };
  if (list != 0) {
    objects->count = lc_word_at(list, 0);
    objects->items = (const struct lc_go_object *)(list + 8);
  }
  if (maps != 0 && (int32_t)half_at(maps, 0) > 0 && (int32_t)half_at(maps, 4) > 0) {
    objects->map_count = half_at(maps, 0);
    objects->map_bits = half_at(maps, 4);
    objects->maps = (const unsigned char *)(maps + 8);
  }
  return objects->count <= MOST_OBJECTS;
}

bool lc_go_stack_objects(uintptr_t pc, struct lc_go_objects *objects) {
  uintptr_t module, function = function_at(pc, &module);
  return function != 0 && objects_of(module, function, objects);
}

/* What cgo makes of C's functions takes arguments and gives results on the stack of the caller: the
 * bytes of both; 0 for any other function. */
static uint32_t bytes_of_c_call(uintptr_t pc) {
  uintptr_t module, function = function_at(pc, &module);
  if (function == 0 || lc_config.module_names < 0) {
    return 0;
  }
  const char *name =
      (const char *)lc_word_at(module, lc_config.module_names) + half_at(function, NAME_OFFSET);
  bool is_c = strstr(name, "._Cfunc_") != NULL || strstr(name, "._cgo_cmalloc") != NULL;
  return is_c ? half_at(function, ARGUMENTS_OFFSET) : 0;
}

static uint32_t read_bytes_for_c(uintptr_t pc) {
  uintptr_t module;
  uint32_t most = 0;
  const struct entry *entry = find(pc, &module);
  uintptr_t text = entry != NULL ? lc_word_at(module, lc_config.module_text) : 0;
  for (uintptr_t at = pc; entry != NULL && at + LC_CALL_BYTES <= text + entry[1].code;
       at += LC_CODE_STEP) {
    uintptr_t callee = lc_callee_of(at);
    uint32_t bytes = callee != 0 && lc_in_go_text(callee) ? bytes_of_c_call(callee) : 0;
    most = bytes > most && bytes < MOST_ARGUMENTS ? bytes : most;
  }
  return most;
}

/* A function's code is read once: recursion and many goroutines show the same ones again. */
uint32_t lc_go_bytes_for_c(uintptr_t pc) {
  static struct {
    uintptr_t pc;
    uint32_t bytes;
  } known[256];
  size_t at = pc / 16 % (sizeof known / sizeof known[0]); /* functions are aligned to 16 or 32 */
  if (known[at].pc != pc) {
    known[at].pc = pc;
    known[at].bytes = read_bytes_for_c(pc);
  }
  return known[at].bytes;
}
