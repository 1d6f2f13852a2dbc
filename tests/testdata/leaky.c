/* Leaks in known ways: a list of two (one block direct, one held by it) and five blocks. */
#include <stdlib.h>

struct node {
  struct node *next;
  char rest[92];
};

__attribute__((noinline)) static struct node *make_node(struct node *next) {
  struct node *made = malloc(sizeof *made);
  made->next = next;
  return made;
}

__attribute__((noinline)) static void make_list(void) {
  struct node *volatile head = make_node(NULL);
  head = make_node(head);
}

__attribute__((noinline)) static void make_blocks(int count) {
  for (int i = 0; i < count; i++) {
    char *volatile block = malloc(64);
    *block = 1;
  }
}

__attribute__((noinline)) static void wipe_stack(void) {
  volatile char wiped[4096];
  for (unsigned i = 0; i < sizeof wiped; i++) {
    wiped[i] = 0;
  }
}

int main(void) {
  make_list();
  make_blocks(5);
  wipe_stack();
  return 0;
}
