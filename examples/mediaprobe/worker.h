/* A thread for each audio track, fed with packets. */
#ifndef MP_WORKER_H
#define MP_WORKER_H

#include "sink.h"

typedef struct mp_worker mp_worker;

/* Starts a thread that codes packets of `channels` channels and writes them to `sink`, which must
 * outlive it. NULL, with `error` filled in, on failure. */
mp_worker *mp_worker_start(uint32_t channels, mp_sink *sink, mp_error *error);

/* Hands over a copy of `packet`; waits while MP_WORKER_QUEUE_MAX are queued. */
mp_status mp_worker_submit(mp_worker *worker, const mp_packet *packet, mp_error *error);

#define MP_WORKER_QUEUE_MAX 16

/* Waits for the queue to drain and the thread to end, and frees the worker; the first failure of
 * the thread is reported here. NULL is fine. */
mp_status mp_worker_finish(mp_worker *worker, mp_error *error);

#endif
