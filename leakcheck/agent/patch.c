/* Redirects a function by overwriting its first bytes with a jump, in this process alone
 * (the text pages are private). Used before the program's first instruction, when there
 * is one thread, and only raw system calls: the page changed may be libc's. */
#define _GNU_SOURCE
#include <elf.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "agent.h"
#include "sys.h"

/* A process may be forbidden to make executable what it could write (PR_SET_MDWE, SELinux execmem).
 * Tried on a page of our own: libc's text would stay without the right to run. */
static bool may_write_code(void) {
  static int answer; /* 0: not asked yet */
  if (answer == 0) {
    long page = lc_sys6(SYS_mmap, 0, (long)LC_PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool is_mapped = page > 0 || page < -4095;
    bool may = is_mapped && lc_sys3(SYS_mprotect, page, LC_PAGE, PROT_READ | PROT_EXEC) == 0;
    answer = may ? 1 : -1;
    if (is_mapped) {
      lc_sys2(SYS_munmap, page, LC_PAGE);
    }
  }
  return answer > 0;
}

/* Byte by byte, for the page may be that of memcpy. */
static bool overwrite(uintptr_t at, const unsigned char *code, size_t count) {
  uintptr_t page = at & ~(LC_PAGE - 1);
  size_t bytes = ((at + count + LC_PAGE - 1) & ~(LC_PAGE - 1)) - page;
  if (!may_write_code() || lc_sys3(SYS_mprotect, page, bytes, PROT_READ | PROT_WRITE) != 0) {
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    ((volatile unsigned char *)at)[i] = code[i];
  }
  bool is_restored = lc_sys3(SYS_mprotect, page, bytes, PROT_READ | PROT_EXEC) == 0;
  __builtin___clear_cache((char *)at, (char *)at + count); /* the instructions' own */
  return is_restored;
}

bool lc_patch_jump(uintptr_t at, const void *target) {
  unsigned char code[LC_JUMP_BYTES];
  lc_encode_jump(code, target);
  return overwrite(at, code, sizeof code);
}

static bool matches(const unsigned char *at) {
  for (size_t i = 0; i < LC_GO_EXIT_BYTES; i++) {
    if (at[i] != lc_go_exit_code[i]) {
      return false;
    }
  }
  return true;
}

static size_t patch_segment(const unsigned char *start, size_t bytes, const void *target,
                            bool *refused) {
  size_t found = 0;
  for (size_t i = 0; i + LC_GO_EXIT_BYTES <= bytes; i += LC_CODE_STEP) {
    if (start[i] == lc_go_exit_code[0] && matches(start + i)) {
      found++;
      *refused = *refused || !lc_patch_jump((uintptr_t)start + i, target);
    }
  }
  return found;
}

static void relocate_config(uintptr_t bias) {
  uintptr_t *addresses[] = {
      &lc_config.go_text_start,  &lc_config.go_text_end, &lc_config.go_arenas,
      &lc_config.trunner_start,  &lc_config.trunner_end, &lc_config.go_cgocall,
      &lc_config.go_cgocall_end, &lc_config.go_dumper,   &lc_config.go_world_starter,
      &lc_config.go_allgs,       &lc_config.go_modules,  &lc_config.go_persistent,
      &lc_config.go_allp,        &lc_config.go_allglen,  &lc_config.go_allgptr,
  };
  for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
    *addresses[i] += *addresses[i] != 0 ? bias : 0;
  }
  for (int i = 0; i < 4; i++) {
    lc_config.go_data[i].lo += bias;
    lc_config.go_data[i].hi += bias;
  }
}

/* Go leaves by this raw system call alone, so this is where it is caught. */
const char *lc_patch_go_exit(const void *target) {
  const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
  unsigned long count = getauxval(AT_PHNUM);
  uintptr_t bias = 0;
  for (unsigned long i = 0; i < count; i++) {
    if (headers[i].p_type == PT_PHDR) {
      bias = (uintptr_t)headers - headers[i].p_vaddr;
    }
  }
  relocate_config(bias);
  size_t found = 0;
  bool refused = false;
  for (unsigned long i = 0; i < count; i++) {
    if (headers[i].p_type == PT_LOAD && (headers[i].p_flags & PF_X) != 0) {
      found += patch_segment((const unsigned char *)(bias + headers[i].p_vaddr),
                             headers[i].p_filesz, target, &refused);
    }
  }
  if (refused) {
    return "the exit bridge could not be built: the kernel refused to make the program's text "
           "writable (mprotect; SELinux execmod?)";
  }
  return found > 0 ? NULL : "the exit bridge could not be built: runtime.exit was not recognised";
}

/* A page within reach of a call or a near jump at `near`, holding a jump to `target`. */
static uintptr_t near_jump(uintptr_t near, const void *target) {
  const uintptr_t step = LC_CALL_REACH_STEP;
  if (!may_write_code()) {
    return 0;
  }
  for (uintptr_t at = (near + step) & ~(step - 1); at - near < LC_CALL_REACH; at += step) {
    long page = lc_sys6(SYS_mmap, (long)at, (long)LC_PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (page != (long)at) {
      if (page > 0) {
        lc_sys2(SYS_munmap, page, LC_PAGE);
      }
      continue;
    }
    unsigned char *code = (unsigned char *)page;
    lc_encode_far_jump(code, target);
    lc_sys3(SYS_mprotect, page, LC_PAGE, PROT_READ | PROT_EXEC);
    __builtin___clear_cache((char *)code, (char *)code + LC_FAR_JUMP_BYTES);
    return at;
  }
  return 0;
}

/* The call of `callee` within a function. */
static uintptr_t find_call(uintptr_t function, uintptr_t callee) {
  for (uintptr_t at = function; function != 0 && at < function + 512; at += LC_CODE_STEP) {
    if (lc_callee_of(at) == callee) {
      return at;
    }
  }
  return 0;
}

uintptr_t lc_first_call(struct lc_range function, struct lc_range image) {
  for (uintptr_t at = function.lo; at + LC_CALL_BYTES <= function.hi; at += LC_CODE_STEP) {
    uintptr_t callee = lc_callee_of(at);
    if (callee != 0 && callee % LC_FUNCTION_ALIGNMENT == 0 && lc_in_image(image, callee)) {
      return callee;
    }
  }
  return 0;
}

bool lc_patch_near_jump(uintptr_t at, const void *target) {
  uintptr_t jump = near_jump(at, target);
  unsigned char code[LC_NEAR_JUMP_BYTES];
  if (jump == 0) {
    return false;
  }
  lc_encode_near_jump(code, at, jump);
  return overwrite(at, code, sizeof code);
}

bool lc_patch_call(uintptr_t function, uintptr_t callee, const void *target) {
  uintptr_t at = find_call(function, callee);
  uintptr_t jump = at != 0 ? near_jump(at, target) : 0;
  unsigned char code[LC_CALL_BYTES];
  if (jump == 0) {
    return false;
  }
  lc_encode_call(code, at, jump);
  return overwrite(at, code, sizeof code);
}
