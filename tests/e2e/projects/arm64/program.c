/* A list of five nodes that is freed, or lost, and blocks that are held in every way a thread has.
 * program lost|freed return|exit|_exit */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct node {
  struct node *next;
  char name[24];
};

__attribute__((noinline)) static struct node *push(struct node *list) {
  struct node *node = malloc(sizeof *node);
  node->next = list;
  return node;
}

static struct node *volatile list;
static struct node *volatile held;
static __thread struct node *volatile held_by_thread;
static volatile int is_held;

static void *hold(void *unused) {
  struct node *volatile held_on_stack = push(NULL);
  held_by_thread = push(NULL);
  is_held = 1;
  for (;;) {
    pause();
    held_on_stack->name[0]++;
  }
  return unused;
}

static void hold_everywhere(void) {
  pthread_t thread;
  held = push(NULL);
  held_by_thread = push(NULL);
  if (pthread_create(&thread, NULL, hold, NULL) != 0) {
    abort();
  }
  while (!is_held) {
    usleep(1000);
  }
}

static void drop_list(int is_freed) {
  while (is_freed && list != NULL) {
    struct node *first = list;
    list = first->next;
    free(first);
  }
  list = NULL;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    return 2;
  }
  for (int i = 0; i < 5; i++) {
    list = push(list);
  }
  hold_everywhere();
  drop_list(strcmp(argv[1], "freed") == 0);
  if (strcmp(argv[2], "exit") == 0) {
    exit(3);
  }
  if (strcmp(argv[2], "_exit") == 0) {
    _exit(4);
  }
  return 0;
}
