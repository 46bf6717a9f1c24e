/* A parallel loop. */
#ifndef CK_BASE_THREAD_H
#define CK_BASE_THREAD_H

#include "bundle/base/ck.h"

/**
 * Calls work(context, worker, item) for each item of 0..n_items-1 from n_workers threads (workers are numbered from 0; items
 * are handed out in order). Stops handing out after a call that returned false. Returns true when every call did. With one
 * worker everything runs on the calling thread. Where a thread cannot be started, fewer work.
 */
CK_NODISCARD bool ck_parallel(size_t n_workers, size_t n_items, bool (*work)(void *context, size_t worker, size_t item), void *context);
/* Processors that this process may use, at least 1. */
size_t ck_n_processors(void);

#endif
