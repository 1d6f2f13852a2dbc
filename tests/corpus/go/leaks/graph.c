#include "native.h"

#include <stdlib.h>

struct node {
  struct node *next;
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
  return fresh;
}

static struct node *new_list(int nodes) {
  struct node *head = NULL;
  for (int i = 0; i < nodes; i++) {
    head = new_node(i, head);
  }
  return head;
}

void leak_list(int nodes) { use(new_list(nodes)); }

void leak_cycle(int nodes) {
  struct node *head = new_list(nodes), *last = head;
  while (last->next != NULL) {
    last = last->next;
  }
  last->next = head;
  use(head);
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

void leak_tree(int depth) { use(new_tree(depth)); }

void leak_pair(size_t first, size_t second) {
  struct pair *pair = malloc(sizeof *pair);
  pair->first = malloc(first);
  pair->second = malloc(second);
  use(pair);
}
