/* What a thread executes that holds a block in a register and nowhere else. `hidden` is an operand
 * with the block's address, inverted. */
#ifndef CORPUS_REGISTERS_H
#define CORPUS_REGISTERS_H

#if defined(__aarch64__)
#define TAKE_INTO_REGISTER "mvn x19, %[hidden]\n\t"
#define TAKE_INTO_VECTOR_REGISTER "mvn x8, %[hidden]\n\tfmov d7, x8\n\t"
#define TAKE_INTO_BUSY_REGISTER "mvn x9, %[hidden]\n\t"
#define SET_FLAG "mov w8, #1\n\tstr w8, %[flag]\n\t"
/* ppoll(NULL, 0, NULL, NULL) */
#define SLEEP_FOR_EVER                                                                             \
  "1: mov x0, #0\n\tmov x1, #0\n\tmov x2, #0\n\tmov x3, #0\n\tmov x8, #73\n\tsvc #0\n\tb 1b"
#define RUN_FOR_EVER "1: yield\n\tb 1b"
#define CHANGED "x0", "x1", "x2", "x3", "x8", "x9", "x19", "v7", "memory"
#else
#define TAKE_INTO_REGISTER "mov %[hidden], %%r12\n\tnot %%r12\n\t"
#define TAKE_INTO_VECTOR_REGISTER "mov %[hidden], %%rax\n\tnot %%rax\n\tmovq %%rax, %%xmm7\n\t"
#define TAKE_INTO_BUSY_REGISTER "mov %[hidden], %%rdx\n\tnot %%rdx\n\t"
#define SET_FLAG "movl $1, %[flag]\n\t"
#define SLEEP_FOR_EVER "1: mov $34, %%eax\n\tsyscall\n\tjmp 1b" /* pause */
#define RUN_FOR_EVER "1: pause\n\tjmp 1b"
#define CHANGED "rax", "rcx", "rdx", "r11", "r12", "xmm7", "memory"
#endif

#endif
