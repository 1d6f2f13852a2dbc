/* What Go's function tables say of the objects on a goroutine's stack: variables whose address is
 * taken, closures, arrays (runtime/symtab.go, findfunc and funcdata; runtime/stack.go,
 * stackObjectRecord). Runs in the forked checker; reads the program's own read-only data. */
#include "agent.h"

#define STACK_OBJECTS 2u /* internal/abi/symtab.go, FUNCDATA_StackObjects */
#define MOST_OBJECTS 65536u
#define NOT_THERE UINT32_MAX

struct entry { /* runtime.functab */
  uint32_t code, function;
};

static uintptr_t word_at(uintptr_t base, long offset) {
  return *(const uintptr_t *)(base + (uintptr_t)offset);
}

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

/* The function that begins at `code`, an offset in the module's text; 0 when none does. */
static uintptr_t function_at(uintptr_t module, uint32_t code) {
  const struct entry *table = (const struct entry *)word_at(module, lc_config.module_table);
  size_t low = 0, high = word_at(module, lc_config.module_table + 8);
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (table[middle].code < code) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low + 1 >= word_at(module, lc_config.module_table + 8) || table[low].code != code) {
    return 0; /* the last entry is the end of the text */
  }
  uintptr_t function = word_at(module, lc_config.module_functions) + table[low].function;
  return half_at(function, 0) == code ? function : 0;
}

static bool objects_of(uintptr_t module, uintptr_t function, struct lc_go_objects *objects) {
  *objects = (struct lc_go_objects){.rodata = word_at(module, lc_config.module_rodata)};
  long last = lc_config.function_nfuncdata;
  if (*(const unsigned char *)(function + (uintptr_t)last) <= STACK_OBJECTS) {
    return true;
  }
  const uint32_t *offsets = (const uint32_t *)(function + (uintptr_t)last + 1);
  uint32_t offset = offsets[half_at(function, lc_config.function_npcdata) + STACK_OBJECTS];
  if (offset == NOT_THERE) {
    return true;
  }
  uintptr_t list = word_at(module, lc_config.module_gofunc) + offset;
  objects->count = word_at(list, 0);
  objects->items = (const struct lc_go_object *)(list + 8);
  return objects->count <= MOST_OBJECTS;
}

bool lc_go_stack_objects(uintptr_t entry, struct lc_go_objects *objects) {
  if (!has_tables()) {
    return false;
  }
  for (uintptr_t module = lc_config.go_modules; module != 0;
       module = word_at(module, lc_config.module_next)) {
    uintptr_t text = word_at(module, lc_config.module_text);
    if (entry >= text && entry - text < UINT32_MAX) {
      uintptr_t function = function_at(module, (uint32_t)(entry - text));
      if (function != 0) {
        return objects_of(module, function, objects);
      }
    }
  }
  return false;
}
