struct shape {
  char *name;
  double width, height;
};

struct shape *shape_new(const char *name, double width, double height);
struct shape *shape_copy(const struct shape *shape);
void shape_free(struct shape *shape);
