#include "shapes.h"

#include <stdlib.h>
#include <string.h>

struct shape *shape_new(const char *name, double width, double height) {
  struct shape *shape = malloc(sizeof *shape);
  *shape = (struct shape){strdup(name), width, height};
  return shape;
}

void shape_free(struct shape *shape) {
  free(shape->name);
  free(shape);
}

struct shape *shape_copy(const struct shape *shape) {
  return shape_new(shape->name, shape->width, shape->height);
}
