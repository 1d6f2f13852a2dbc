/* Grows a block before any library's constructor has run, and looks whether it kept its content. */
#include <stdlib.h>
#include <string.h>

static char *kept;

static void grow(void) {
  kept = malloc(24);
  strcpy(kept, "written before the move");
  kept = realloc(kept, 4000);
}

__attribute__((section(".preinit_array"), used)) static void (*const before_all)(void) = grow;

int main(void) { return strcmp(kept, "written before the move") != 0; }
