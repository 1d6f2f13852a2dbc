#include "shapes.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
  struct shape *square = shape_new("square", 2, 2);
  int failed = square->width * square->height != 4;
  if (argc > 1 && strcmp(argv[1], "copy") == 0) {
    struct shape *copy = shape_copy(square);
    failed = strcmp(copy->name, "square") != 0;
  }
  shape_free(square);
  puts(failed ? "FAILED" : "ok");
  return failed;
}
