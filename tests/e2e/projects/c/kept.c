/* Has libc keep what it keeps to the end, and loses one block of its own. */
#include <grp.h>
#include <locale.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

static __attribute__((noinline)) void lose(void) {
  __asm__ volatile("" : : "r"(malloc(40)) : "memory");
}

int main(void) {
  puts("something");
  setlocale(LC_ALL, "");
  getpwuid(0);
  getgrgid(0);
  lose();
  return 0;
}
