#include "bundle/base/thread.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdatomic.h>

#include "bundle/base/io.h"

enum { N = 1000 };

struct sums {
	atomic_int done[N];
	atomic_size_t largest_worker, n_calls;
	size_t fail_at;
};

static bool mark(void *context, size_t worker, size_t item)
{
	struct sums *sums = context;
	atomic_fetch_add(&sums->done[item], 1);
	atomic_fetch_add(&sums->n_calls, 1);
	if (worker > atomic_load(&sums->largest_worker))
		atomic_store(&sums->largest_worker, worker);
	return item != sums->fail_at;
}

Test(base_thread, each_item_once)
{
	static const size_t n_workers[] = {0, 1, 2, 7, 100};
	for (size_t i = 0; i < CK_COUNT(n_workers); i++) {
		struct sums sums = {.fail_at = SIZE_MAX};
		cr_assert(ck_parallel(n_workers[i], N, mark, &sums), "%zu workers", n_workers[i]);
		for (size_t j = 0; j < N; j++)
			cr_assert_eq(atomic_load(&sums.done[j]), 1, "%zu workers, item %zu", n_workers[i], j);
		size_t largest = atomic_load(&sums.largest_worker);
		cr_assert(largest == 0 || largest < n_workers[i], "%zu workers, number %zu", n_workers[i], largest);
	}
	struct sums sums = {0};
	cr_assert(ck_parallel(4, 0, mark, &sums));
	cr_assert_eq(atomic_load(&sums.n_calls), 0);
}

Test(base_thread, stops_at_a_failure)
{
	struct sums sums = {.fail_at = 10};
	cr_assert_not(ck_parallel(1, N, mark, &sums));
	cr_assert_eq(atomic_load(&sums.n_calls), 11, "one worker goes in order");
	struct sums more = {.fail_at = 0};
	cr_assert_not(ck_parallel(4, N, mark, &more));
}

static int no_memory(enum ck_seam seam)
{
	return seam == CK_SEAM_ALLOC ? ENOMEM : 0;
}

Test(base_thread, works_alone_without_memory)
{
	struct sums sums = {.fail_at = SIZE_MAX};
	ck_seam_fault = no_memory;
	cr_assert(ck_parallel(8, N, mark, &sums));
	ck_seam_fault = NULL;
	cr_assert_eq(atomic_load(&sums.n_calls), N);
	cr_assert_eq(atomic_load(&sums.largest_worker), 0);
	cr_assert_geq(ck_n_processors(), 1);
}
