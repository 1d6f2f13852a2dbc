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

/* runtime/sys_linux_amd64.s, TEXT runtime·exit: the same twelve bytes since Go 1.0.
 *   mov 0x8(%rsp),%edi ; mov $0xe7,%eax ; syscall ; ret */
static const unsigned char go_exit[12] = {0x8b, 0x7c, 0x24, 0x08, 0xb8, 0xe7,
                                          0x00, 0x00, 0x00, 0x0f, 0x05, 0xc3};

/* movabs $target,%rax ; jmp *%rax */
static void encode_jump(unsigned char code[LC_JUMP_BYTES], const void *target) {
  uintptr_t address = (uintptr_t)target;
  code[0] = 0x48;
  code[1] = 0xb8;
  for (int i = 0; i < 8; i++) {
    code[2 + i] = (unsigned char)(address >> (8 * i));
  }
  code[10] = 0xff;
  code[11] = 0xe0;
}

/* jmp *0(%rip) ; the address: changes no register */
static void encode_transparent_jump(unsigned char code[14], const void *target) {
  uintptr_t address = (uintptr_t)target;
  static const unsigned char jump[6] = {0xff, 0x25, 0, 0, 0, 0};
  memcpy(code, jump, sizeof jump);
  memcpy(code + sizeof jump, &address, sizeof address);
}

bool lc_patch_jump(uintptr_t at, const void *target) {
  unsigned char code[LC_JUMP_BYTES];
  uintptr_t page = at & ~(uintptr_t)4095;
  size_t bytes = ((at + sizeof code + 4095) & ~(uintptr_t)4095) - page;
  encode_jump(code, target);
  if (lc_sys3(SYS_mprotect, page, bytes, PROT_READ | PROT_WRITE) != 0) {
    return false;
  }
  for (size_t i = 0; i < sizeof code; i++) {
    ((volatile unsigned char *)at)[i] = code[i];
  }
  return lc_sys3(SYS_mprotect, page, bytes, PROT_READ | PROT_EXEC) == 0;
}

static bool matches(const unsigned char *at) {
  for (size_t i = 0; i < sizeof go_exit; i++) {
    if (at[i] != go_exit[i]) {
      return false;
    }
  }
  return true;
}

static size_t patch_segment(const unsigned char *start, size_t bytes, const void *target,
                            bool *refused) {
  size_t found = 0;
  for (size_t i = 0; i + sizeof go_exit <= bytes; i++) {
    if (start[i] == go_exit[0] && matches(start + i)) {
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
      &lc_config.go_allp,
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

/* A page within reach of a 32-bit displacement from `near`, holding jmp *target. */
static uintptr_t near_jump(uintptr_t near, const void *target) {
  const uintptr_t step = (uintptr_t)16 << 20;
  for (uintptr_t at = (near + step) & ~(step - 1); at - near < (uintptr_t)1 << 30; at += step) {
    long page = lc_sys6(SYS_mmap, (long)at, 4096, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (page != (long)at) {
      if (page > 0) {
        lc_sys2(SYS_munmap, page, 4096);
      }
      continue;
    }
    unsigned char *code = (unsigned char *)page;
    encode_transparent_jump(code, target);
    lc_sys3(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC);
    return at;
  }
  return 0;
}

/* The call of `callee` within a function: e8 and a 32-bit displacement. */
static uintptr_t find_call(uintptr_t function, uintptr_t callee) {
  for (uintptr_t at = function; function != 0 && at < function + 512; at++) {
    const unsigned char *code = (const unsigned char *)at;
    int32_t displacement;
    memcpy(&displacement, code + 1, sizeof displacement);
    if (code[0] == 0xe8 && at + 5 + (uintptr_t)(intptr_t)displacement == callee) {
      return at;
    }
  }
  return 0;
}

uintptr_t lc_first_call(struct lc_range function, struct lc_range image) {
  for (uintptr_t at = function.lo; at + 5 <= function.hi; at++) {
    int32_t displacement;
    memcpy(&displacement, (const void *)(at + 1), sizeof displacement);
    uintptr_t callee = at + 5 + (uintptr_t)(intptr_t)displacement;
    if (*(const unsigned char *)at == 0xe8 && callee % 16 == 0 && lc_in_image(image, callee)) {
      return callee;
    }
  }
  return 0;
}

bool lc_patch_call(uintptr_t function, uintptr_t callee, const void *target) {
  uintptr_t at = find_call(function, callee);
  uintptr_t jump = at != 0 ? near_jump(at, target) : 0;
  if (jump == 0) {
    return false;
  }
  int32_t displacement = (int32_t)(jump - (at + 5));
  uintptr_t page = at & ~(uintptr_t)4095;
  size_t bytes = ((at + 5 + 4095) & ~(uintptr_t)4095) - page;
  if (lc_sys3(SYS_mprotect, page, bytes, PROT_READ | PROT_WRITE) != 0) {
    return false;
  }
  memcpy((void *)(at + 1), &displacement, sizeof displacement);
  return lc_sys3(SYS_mprotect, page, bytes, PROT_READ | PROT_EXEC) == 0;
}
