/* Loses one list, with an argument two: one line allocates all nodes, each head has its own. */
#include <stdlib.h>

struct node {
  struct node *next;
};

static void hide(void *block) { __asm__ volatile("" : : "r"(block) : "memory"); }

static __attribute__((noinline)) struct node *new_node(struct node *next) {
  struct node *node = malloc(sizeof *node);
  node->next = next;
  return node;
}

static __attribute__((noinline)) struct node *nodes(int count) {
  struct node *list = NULL;
  for (int i = 0; i < count; i++) {
    list = new_node(list);
  }
  return list;
}

static __attribute__((noinline)) void lose_known(struct node *list) {
  struct node **head = malloc(100);
  *head = list;
  hide(head);
}

static __attribute__((noinline)) void lose_other(struct node *list) {
  struct node **head = malloc(200);
  *head = list;
  hide(head);
}

int main(int argc, char **argv) {
  (void)argv;
  int lists = argc > 1 ? 2 : 1;
  for (int i = 0; i < lists; i++) {
    struct node *list = nodes(3);
    if (i == 0) {
      lose_known(list);
    } else {
      lose_other(list);
    }
  }
  return 0;
}
