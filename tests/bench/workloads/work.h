/* Work for an allocator and whoever watches it; see work.c. */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

void churn(long count);
void churn_deep(long count);
void keep(long count);
void run_threads(long threads, long count);
void lose(long count, long bytes);
void leave(int code);
double now_s(void);

#endif
