/* A thread that waits in libc: where its caller's frames begin, and the registers that the caller
 * still uses. What such a function leaves unwritten in its own frames is what was there before, say
 * the address of the last block that was lost. Runs in the forked checker, where nobody holds a
 * lock and none may be taken, so the call frame information of libc is read here and not by a
 * library
 * (.eh_frame_hdr and .eh_frame: LSB Core, chapter 10; the instructions: DWARF 5, section 6.4). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "agent.h"

/* They call nothing but the kernel, and nothing that they allocate is in use meanwhile. With the
 * most arguments of their system call that count; of a futex' six, four when one waits. */
static const struct {
  const char *name;
  unsigned arguments;
} waits[] = {
    {"accept", 3},
    {"accept4", 4},
    {"clock_nanosleep", 4},
    {"cnd_timedwait", 4},
    {"cnd_wait", 4},
    {"epoll_pwait", 6},
    {"epoll_wait", 4},
    {"mtx_lock", 4},
    {"mtx_timedlock", 4},
    {"nanosleep", 4},
    {"pause", 0},
    {"poll", 3},
    {"ppoll", 5},
    {"pselect", 6},
    {"pthread_barrier_wait", 4},
    {"pthread_clockjoin_np", 4},
    {"pthread_cond_clockwait", 4},
    {"pthread_cond_timedwait", 4},
    {"pthread_cond_wait", 4},
    {"pthread_join", 4},
    {"pthread_mutex_clocklock", 4},
    {"pthread_mutex_lock", 4},
    {"pthread_mutex_timedlock", 4},
    {"pthread_rwlock_rdlock", 4},
    {"pthread_rwlock_wrlock", 4},
    {"pthread_timedjoin_np", 4},
    {"read", 3},
    {"recv", 6},
    {"recvfrom", 6},
    {"recvmsg", 3},
    {"select", 6},
    {"sem_clockwait", 4},
    {"sem_timedwait", 4},
    {"sem_wait", 4},
    {"sigsuspend", 2},
    {"sigtimedwait", 4},
    {"sigwait", 4},
    {"sigwaitinfo", 4},
    {"sleep", 4},
    {"syscall", 6},
    {"thrd_join", 4},
    {"thrd_sleep", 4},
    {"usleep", 4},
    {"wait", 4},
    {"wait4", 4},
    {"waitid", 5},
    {"waitpid", 4},
};
#define WAITS (sizeof waits / sizeof waits[0])
static uintptr_t starts[WAITS];

enum { RBX = 3, RBP = 6, RSP = 7, R12 = 12, R15 = 15, RETURN_ADDRESS = 16, REGISTERS = 17 };
#define MOST_FRAMES 8
#define MOST_STATES 4

enum {
  PCREL_4 = 0x1b, /* DW_EH_PE_pcrel | DW_EH_PE_sdata4 */
  TABLE_4 = 0x3b, /* DW_EH_PE_datarel | DW_EH_PE_sdata4 */
  COUNT_4 = 0x03, /* DW_EH_PE_udata4 */
};

struct rules {
  uint64_t cfa_register;
  int64_t cfa_offset, offset[REGISTERS];
  bool is_saved[REGISTERS];
};

struct reading {
  const unsigned char *at, *end;
  uint64_t code_unit;
  int64_t data_unit;
  uintptr_t location, pc;
  struct rules rules, initial, kept[MOST_STATES];
  unsigned kept_count;
};

struct frame {
  uintptr_t pc, registers[REGISTERS];
};

void lc_waits_start(void) {
  for (size_t i = 0; i < WAITS; i++) {
    starts[i] = (uintptr_t)dlsym(RTLD_NEXT, waits[i].name);
  }
}

/* Sets how many arguments the kernel was given. */
static bool is_wait(uintptr_t start, unsigned *arguments) {
  for (size_t i = 0; i < WAITS; i++) {
    if (start != 0 && starts[i] == start) {
      *arguments = waits[i].arguments;
      return true;
    }
  }
  return false;
}

static int32_t half_at(const unsigned char *at) {
  int32_t half;
  memcpy(&half, at, sizeof half);
  return half;
}

static uint64_t take(struct reading *from) { /* LEB128 */
  uint64_t value = 0;
  for (unsigned shift = 0; from->at < from->end && shift < 64; shift += 7) {
    unsigned char byte = *from->at++;
    value |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) {
      break;
    }
  }
  return value;
}

static int64_t take_signed(struct reading *from) {
  const unsigned char *start = from->at;
  uint64_t value = take(from);
  unsigned bits = 7 * (unsigned)(from->at - start);
  bool is_negative = bits > 0 && bits < 64 && (from->at[-1] & 64) != 0;
  return (int64_t)(is_negative ? value | ~(uint64_t)0 << bits : value);
}

/* ---- finding the entry of an address ---- */

static const unsigned char *header_of_libc(void) {
  uintptr_t base = lc_libc_image.lo;
  const Elf64_Ehdr *file = (const Elf64_Ehdr *)base;
  const Elf64_Phdr *headers = (const Elf64_Phdr *)(base + file->e_phoff);
  for (unsigned i = 0; i < file->e_phnum; i++) {
    const unsigned char *start = (const unsigned char *)(base + headers[i].p_vaddr);
    if (headers[i].p_type == PT_GNU_EH_FRAME && start[0] == 1 && start[1] == PCREL_4 &&
        start[2] == COUNT_4 && start[3] == TABLE_4) {
      return start;
    }
  }
  return NULL;
}

/* The table has pairs: where a function begins, and its entry, both relative to the header. */
static const unsigned char *entry_of(uintptr_t pc) {
  const unsigned char *header = header_of_libc();
  if (header == NULL) {
    return NULL;
  }
  const unsigned char *table = header + 12;
  int64_t wanted = (int64_t)(pc - (uintptr_t)header);
  size_t low = 0, high = (uint32_t)half_at(header + 8);
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (half_at(table + middle * 8) <= wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low == 0 ? NULL : header + half_at(table + (low - 1) * 8 + 4);
}

/* ---- the rules at an address ---- */

static bool set_saved(struct reading *from, uint64_t number, int64_t units) {
  if (number < REGISTERS) {
    from->rules.is_saved[number] = true;
    from->rules.offset[number] = units * from->data_unit;
  }
  return true;
}

static bool set_initial(struct reading *from, uint64_t number) {
  if (number < REGISTERS) {
    from->rules.is_saved[number] = from->initial.is_saved[number];
    from->rules.offset[number] = from->initial.offset[number];
  }
  return true;
}

static bool advance(struct reading *from, uint64_t units, unsigned operand_bytes) {
  from->at += operand_bytes;
  from->location += units * from->code_unit;
  return true;
}

static bool keep_state(struct reading *from) {
  if (from->kept_count == MOST_STATES) {
    return false;
  }
  from->kept[from->kept_count++] = from->rules;
  return true;
}

static bool restore_state(struct reading *from) {
  if (from->kept_count == 0) {
    return false;
  }
  from->rules = from->kept[--from->kept_count];
  return true;
}

static bool define_cfa(struct reading *from, uint64_t number, int64_t offset) {
  from->rules.cfa_register = number;
  from->rules.cfa_offset = offset;
  return number < REGISTERS;
}

/* False for what libc's waiting functions have no use for. */
static bool take_instruction(struct reading *from) {
  unsigned char code = *from->at++;
  uint64_t number;
  switch (code >> 6) {
  case 1:
    return advance(from, code & 63, 0);
  case 2:
    return set_saved(from, code & 63, (int64_t)take(from));
  case 3:
    return set_initial(from, code & 63);
  }
  switch (code) {
  case 0x00: /* DW_CFA_nop */
    return true;
  case 0x02: /* DW_CFA_advance_loc1 and 2 and 4 */
    return advance(from, from->at[0], 1);
  case 0x03:
    return advance(from, from->at[0] | (uint64_t)from->at[1] << 8, 2);
  case 0x04:
    return advance(from, (uint32_t)half_at(from->at), 4);
  case 0x0a: /* DW_CFA_remember_state, restore_state */
    return keep_state(from);
  case 0x0b:
    return restore_state(from);
  case 0x0c: /* DW_CFA_def_cfa, def_cfa_register, def_cfa_offset */
    number = take(from);
    return define_cfa(from, number, (int64_t)take(from));
  case 0x0d:
    return define_cfa(from, take(from), from->rules.cfa_offset);
  case 0x0e:
    return define_cfa(from, from->rules.cfa_register, (int64_t)take(from));
  default:
    return false;
  }
}

static bool take_instructions(struct reading *from) {
  while (from->at < from->end && from->location <= from->pc) {
    struct rules before = from->rules;
    if (!take_instruction(from)) {
      return false;
    }
    if (from->location > from->pc) {
      from->rules = before;
    }
  }
  return true;
}

/* What the letters of the augmentation announce: `P`, a function for exceptions, whose address has
 * four bytes; `L`, that entries point to their data; `R`, how they give addresses. */
static bool take_augmentation(struct reading *from, const char *letters) {
  const unsigned char *end = from->at + 1 + from->at[0];
  for (from->at++; *letters != '\0'; letters++) {
    unsigned char format = *from->at++;
    if ((*letters != 'P' && *letters != 'L' && *letters != 'R') ||
        (*letters == 'R' && format != PCREL_4) || (*letters == 'P' && (format & 15) != 11)) {
      return false;
    }
    from->at += *letters == 'P' ? 4 : 0;
  }
  return from->at == end;
}

static bool take_common(struct reading *from, const unsigned char *common) {
  const char *letters = (const char *)common + 9; /* behind the length, 0, the version */
  from->at = common + 9 + strlen(letters) + 1;
  from->end = common + 4 + half_at(common);
  if (half_at(common + 4) != 0 || common[8] != 1 || letters[0] != 'z') {
    return false;
  }
  from->code_unit = take(from);
  from->data_unit = take_signed(from);
  return take(from) == RETURN_ADDRESS && take_augmentation(from, letters + 1) &&
         take_instructions(from);
}

/* `start` becomes where the function begins. */
static bool rules_at(uintptr_t pc, struct reading *from, uintptr_t *start) {
  const unsigned char *entry = entry_of(pc);
  if (entry == NULL) {
    return false;
  }
  *from = (struct reading){.pc = pc};
  *start = (uintptr_t)(entry + 8) + (uintptr_t)(intptr_t)half_at(entry + 8);
  if (pc < *start || pc - *start >= (uint32_t)half_at(entry + 12) ||
      !take_common(from, entry + 4 - half_at(entry + 4))) {
    return false;
  }
  from->initial = from->rules;
  from->location = *start;
  from->at = entry + 16;
  from->end = entry + 4 + half_at(entry);
  uint64_t augmentation_bytes = take(from);
  from->at += augmentation_bytes;
  return take_instructions(from);
}

static bool step(struct frame *frame, struct lc_range stack, const struct rules *rules) {
  struct frame above = *frame;
  uintptr_t cfa = frame->registers[rules->cfa_register] + (uintptr_t)rules->cfa_offset;
  if (cfa <= frame->registers[RSP] || cfa > stack.hi || cfa % 8 != 0) {
    return false;
  }
  for (unsigned i = 0; i < REGISTERS; i++) {
    uintptr_t at = cfa + (uintptr_t)rules->offset[i];
    if (!rules->is_saved[i]) {
      continue;
    }
    if (at < frame->registers[RSP] || at + 8 > cfa) {
      return false;
    }
    above.registers[i] = *(const uintptr_t *)at;
  }
  above.registers[RSP] = cfa;
  above.pc = above.registers[RETURN_ADDRESS];
  *frame = above;
  return true;
}

/* ---- which function was called ---- */

static uintptr_t behind(uintptr_t at) { return at + 4 + (uintptr_t)(intptr_t)half_at((void *)at); }

/* endbr64; bnd jmp *slot(%rip): either of the first two may be missing. */
static uintptr_t behind_stub(uintptr_t at) {
  static const unsigned char endbr[] = {0xf3, 0x0f, 0x1e, 0xfa}, jump[] = {0xff, 0x25};
  at += memcmp((const void *)at, endbr, sizeof endbr) == 0 ? sizeof endbr : 0;
  at += *(const unsigned char *)at == 0xf2;
  return memcmp((const void *)at, jump, sizeof jump) == 0 ? *(const uintptr_t *)behind(at + 2) : 0;
}

/* By call stub or call *slot(%rip), before the return address; 0: in another way. The wait itself
 * may have left its frame by a jump to a function that has no name. */
static uintptr_t called_before(uintptr_t pc) {
  const unsigned char *code = (const unsigned char *)pc;
  if (pc % 4096 < 6) { /* no farther than the page that runs */
    return 0;
  }
  if (code[-6] == 0xff && code[-5] == 0x15) {
    return *(const uintptr_t *)behind(pc - 4);
  }
  return code[-5] == 0xe8 ? behind_stub(behind(pc - 4)) : 0;
}

bool lc_skip_wait(struct lc_range stack, struct lc_wait *wait) {
  if (!LC_KNOWS_WAITS) {
    return false;
  }
  struct frame frame = {.pc = wait->pc};
  static const unsigned numbers[6] = {RBX, RBP, R12, 13, 14, R15};
  frame.registers[RSP] = wait->sp;
  for (int i = 0; i < 6; i++) {
    frame.registers[numbers[i]] = wait->registers[i];
  }
  uintptr_t start = 0;
  for (int depth = 0; depth < MOST_FRAMES && lc_in_image(lc_libc_image, frame.pc); depth++) {
    struct reading reading;
    /* A return address may be the next function's first, behind a call that does not return. */
    if (!rules_at(frame.pc - (depth > 0), &reading, &start) ||
        !step(&frame, stack, &reading.rules)) {
      return false;
    }
  }
  if (lc_in_image(lc_libc_image, frame.pc) ||
      !(is_wait(start, &wait->arguments) || is_wait(called_before(frame.pc), &wait->arguments))) {
    return false;
  }
  wait->sp = frame.registers[RSP];
  for (int i = 0; i < 6; i++) {
    wait->registers[i] = frame.registers[numbers[i]];
  }
  return true;
}
