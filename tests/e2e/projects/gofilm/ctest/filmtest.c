/* Tests of the C library: `filmtest make FILE PICTURES`, `filmtest all FILE OUTPUT`, `filmtest
   refusal FILE OUTPUT`. */
#include "film.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static void expect(const char *what, int holds) {
  printf("%s: %s\n", holds ? "ok" : "FAILED", what);
  failures += !holds;
}

static void test_all(const char *film, const char *output) {
  film_info info = {0};
  film_transcoder *transcoder = NULL;
  int error = 0;
  expect("probe", film_probe(film, &info) == 0 && info.streams == 2 && info.width == 160);
  expect("mux", film_mux(film, output, INT64_MAX) == 0);
  expect("open", film_open(&transcoder, film, output, "mjpeg") == 0);
  while (transcoder && error >= 0)
    error = film_step(transcoder);
  expect("close", transcoder && film_close(&transcoder) == 0);
  expect("transcoded", film_probe(output, &info) == 0 && info.width == 80);
}

static void test_refusal(const char *film, const char *output) {
  film_transcoder *transcoder = NULL;
  expect("no such encoder", film_open(&transcoder, film, output, "betamax") < 0);
}

int main(int argc, char **argv) {
  if (argc < 4)
    return 2;
  if (strcmp(argv[1], "make") == 0)
    expect("make", film_make(argv[2], atoi(argv[3])) == 0);
  else if (strcmp(argv[1], "all") == 0)
    test_all(argv[2], argv[3]);
  else
    test_refusal(argv[2], argv[3]);
  return failures != 0;
}
