/* Two functions with one body: at -O2 gcc folds the second into the first and gives it back
 * as code with line numbers, but without an entry that says where the function lies. */
extern void *take(long size);

void *first(void) {
  long *block = take(100);
  if (block) {
    block[3] = 0;
    block[7] = 1;
  }
  return block;
}

void *second(void) {
  long *block = take(100);
  if (block) {
    block[3] = 0;
    block[7] = 1;
  }
  return block;
}
