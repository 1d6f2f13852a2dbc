#include "worker.h"

#include "mixer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

typedef struct job {
  struct job *next;
  mp_packet packet; /* only `size` bytes of its data are allocated */
} job;

struct mp_worker {
  pthread_t thread;
  uint32_t channels;
  mp_sink *sink;
  mp_mixer mixer; /* the thread's own */
  mp_status status;
  mp_error error;
  pthread_mutex_t lock; /* guards all below */
  pthread_cond_t changed;
  job *oldest;
  job **end;
  uint32_t queued;
  int is_closed;
};

/* Takes the oldest job, waiting for one; NULL when there will be none. */
static job *take(mp_worker *worker) {
  pthread_mutex_lock(&worker->lock);
  while (!worker->oldest && !worker->is_closed) {
    pthread_cond_wait(&worker->changed, &worker->lock);
  }
  job *taken = worker->oldest;
  if (taken) {
    worker->oldest = taken->next;
    worker->queued--;
    if (!worker->oldest) {
      worker->end = &worker->oldest;
    }
    pthread_cond_broadcast(&worker->changed);
  }
  pthread_mutex_unlock(&worker->lock);
  return taken;
}

static mp_status code(mp_worker *worker, const mp_packet *packet, mp_packet *coded) {
  coded->pts = packet->pts;
  coded->duration = packet->duration;
  coded->stream = packet->stream;
  coded->is_key = 1;
  coded->size = packet->size;
  mp_status status =
      mp_mixer_run(&worker->mixer, packet->data, coded->data, packet->size, &worker->error);
  return status == MP_OK ? mp_sink_write(worker->sink, coded, &worker->error) : status;
}

static void *worker_main(void *argument) {
  mp_worker *worker = argument;
  mp_packet coded;
  worker->status = mp_mixer_init(&worker->mixer, worker->channels, &worker->error);
  for (job *next = take(worker); next; next = take(worker)) {
    if (worker->status == MP_OK) { /* after a failure the queue is only drained */
      worker->status = code(worker, &next->packet, &coded);
    }
    free(next);
  }
  mp_mixer_close(&worker->mixer);
  return NULL;
}

/* Starts the thread with all signals blocked: they are for the threads of Go's runtime. */
static int start_thread(mp_worker *worker) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  int failure = pthread_create(&worker->thread, NULL, worker_main, worker);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failure;
}

static void free_worker(mp_worker *worker) {
  pthread_cond_destroy(&worker->changed);
  pthread_mutex_destroy(&worker->lock);
  free(worker);
}

mp_worker *mp_worker_start(uint32_t channels, mp_sink *sink, mp_error *error) {
  mp_worker *worker = calloc(1, sizeof *worker);
  if (!worker) {
    mp_fail(error, MP_E_MEMORY, "no memory for a worker");
    return NULL;
  }
  worker->channels = channels;
  worker->sink = sink;
  worker->end = &worker->oldest;
  pthread_mutex_init(&worker->lock, NULL);
  pthread_cond_init(&worker->changed, NULL);
  int failure = start_thread(worker);
  if (failure) {
    errno = failure;
    mp_fail_errno(error, "start a thread");
    free_worker(worker);
    return NULL;
  }
  return worker;
}

mp_status mp_worker_submit(mp_worker *worker, const mp_packet *packet, mp_error *error) {
  size_t used = offsetof(mp_packet, data) + packet->size;
  job *fresh = malloc(offsetof(job, packet) + used);
  if (!fresh) {
    return mp_fail(error, MP_E_MEMORY, "no memory for a job");
  }
  fresh->next = NULL;
  memcpy(&fresh->packet, packet, used);
  pthread_mutex_lock(&worker->lock);
  while (worker->queued == MP_WORKER_QUEUE_MAX) {
    pthread_cond_wait(&worker->changed, &worker->lock);
  }
  *worker->end = fresh;
  worker->end = &fresh->next;
  worker->queued++;
  pthread_cond_broadcast(&worker->changed);
  pthread_mutex_unlock(&worker->lock);
  return MP_OK;
}

mp_status mp_worker_finish(mp_worker *worker, mp_error *error) {
  if (!worker) {
    return MP_OK;
  }
  pthread_mutex_lock(&worker->lock);
  worker->is_closed = 1;
  pthread_cond_broadcast(&worker->changed);
  pthread_mutex_unlock(&worker->lock);
  pthread_join(worker->thread, NULL);
  mp_status status = worker->status;
  if (status != MP_OK) {
    *error = worker->error;
  }
  free_worker(worker);
  return status;
}
