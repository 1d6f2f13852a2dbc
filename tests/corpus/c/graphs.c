/* Leaks of blocks that point to each other: one is direct, the others are indirect. */
#include "corpus.h"

#include <stdlib.h>

struct node {
  struct node *next, *previous;
  long number;
};

struct tree {
  struct tree *left, *right;
  int depth;
};

struct pair {
  char *first, *second;
};

static struct node *new_node(long number, struct node *next) {
  struct node *fresh = malloc(sizeof *fresh);
  fresh->number = number;
  fresh->next = next;
  fresh->previous = NULL;
  return fresh;
}

static struct node *new_list(int nodes) {
  struct node *head = NULL;
  for (int i = 0; i < nodes; i++) {
    head = new_node(i, head);
  }
  return head;
}

static struct node *new_ring(int nodes) {
  struct node *head = new_list(nodes), *last = head;
  while (last->next != NULL) {
    last->next->previous = last;
    last = last->next;
  }
  last->next = head;
  head->previous = last;
  return head;
}

static struct tree *new_tree(int depth) {
  if (depth == 0) {
    return NULL;
  }
  struct tree *root = malloc(sizeof *root);
  root->depth = depth;
  root->left = new_tree(depth - 1);
  root->right = new_tree(depth - 1);
  return root;
}

static void leak_list(void) { use(new_list(5)); }
static void leak_long_list(void) { use(new_list(100000)); }
static void leak_cycle(void) { use(new_ring(3)); }
static void leak_self(void) { use(new_ring(1)); }
static void leak_tree(void) { use(new_tree(3)); }

static void leak_two_cycles(void) {
  use(new_ring(2));
  use(new_ring(4));
}

/* The ring is held by a list that is lost itself. */
static void leak_cycle_behind_list(void) {
  struct node *list = new_list(2);
  list->previous = new_ring(3);
  use(list);
}

static void leak_pair(void) {
  struct pair *pair = malloc(sizeof *pair);
  pair->first = malloc(31);
  pair->second = malloc(32);
  use(pair);
}

/* Two lost blocks point to a third. */
static void leak_shared(void) {
  struct node *shared = new_node(0, NULL);
  use(new_node(1, shared));
  use(new_node(2, shared));
}

static const struct corpus_case cases[] = {
    {"list", leak_list},
    {"long-list", leak_long_list},
    {"cycle", leak_cycle},
    {"self", leak_self},
    {"two-cycles", leak_two_cycles},
    {"cycle-behind-list", leak_cycle_behind_list},
    {"tree", leak_tree},
    {"pair", leak_pair},
    {"shared", leak_shared},
    {NULL, NULL},
};

int main(int argc, char **argv) { return run_case(cases, argc, argv); }
