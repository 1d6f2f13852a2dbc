#include "leaky.h"

#include <stdlib.h>

struct node {
  struct node *next;
  long value;
};

static void hide(void *block) { __asm__ volatile("" : : "r"(block) : "memory"); }

void lose_blocks(int count, size_t bytes) {
  for (int i = 0; i < count; i++) {
    hide(malloc(bytes));
  }
}

void lose_list(int nodes) {
  struct node *head = NULL;
  for (int i = 0; i < nodes; i++) {
    struct node *node = malloc(sizeof *node);
    node->next = head;
    head = node;
  }
  hide(head);
}
