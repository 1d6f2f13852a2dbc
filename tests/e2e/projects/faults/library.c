/* Loses 77 bytes, or holds them until it is unloaded; as SHIFTED, all its functions are others and lie elsewhere. */
#include <stdlib.h>
#include <string.h>

#ifdef SHIFTED
#define lose_in_library lose_elsewhere
#define hold_in_library hold_elsewhere
int padding_before(int a) { return a * 3 + 1; }
int more_padding(int a) { return padding_before(a) ^ 77; }
#endif

void lose_in_library(void) {
  volatile char *block = malloc(77);
  block[0] = 1;
  __asm__ volatile("" : : "r"(block) : "memory");
}

static char *volatile held;

void hold_in_library(void) {
  held = malloc(77);
  held[0] = 1;
}
