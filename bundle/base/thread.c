#include "bundle/base/thread.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "bundle/base/arena.h"

struct loop {
	bool (*work)(void *context, size_t worker, size_t item);
	void *context;
	size_t n_items;
	atomic_size_t next;
	atomic_bool stopped;
};

struct worker {
	struct loop *loop;
	size_t number;
	pthread_t thread;
};

static void run(struct loop *loop, size_t worker)
{
	while (!atomic_load(&loop->stopped)) {
		size_t item = atomic_fetch_add(&loop->next, 1);
		if (item >= loop->n_items)
			return;
		if (!loop->work(loop->context, worker, item))
			atomic_store(&loop->stopped, true);
	}
}

static void *run_thread(void *argument)
{
	const struct worker *worker = argument;
	run(worker->loop, worker->number);
	return NULL;
}

bool ck_parallel(size_t n_workers, size_t n_items, bool (*work)(void *context, size_t worker, size_t item), void *context)
{
	struct loop loop = {.work = work, .context = context, .n_items = n_items};
	if (n_workers > n_items)
		n_workers = n_items;
	size_t n_threads = n_workers > 1 ? n_workers - 1 : 0, n_started = 0;
	struct worker *workers = n_threads && n_threads <= SIZE_MAX / sizeof(*workers) ?
		ck_alloc(n_threads * sizeof(*workers)) : NULL;
	for (; workers && n_started < n_threads; n_started++) {
		struct worker *worker = &workers[n_started];
		worker->loop = &loop;
		worker->number = n_started + 1;
		if (pthread_create(&worker->thread, NULL, run_thread, worker) != 0)
			break;
	}
	run(&loop, 0);
	for (size_t i = 0; i < n_started; i++)
		pthread_join(workers[i].thread, NULL);
	ck_free(workers);
	return !atomic_load(&loop.stopped);
}

size_t ck_n_processors(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		return (size_t)CPU_COUNT(&set);
	long n = sysconf(_SC_NPROCESSORS_ONLN);	/* more processors than the set has room for */
	return n > 0 ? (size_t)n : 1;
}
