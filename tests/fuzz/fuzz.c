/*
 * Inputs that nobody meant: one harness a kind of input that comes from outside. `fuzz HARNESS FILE|FOLDER...` replays inputs; built
 * for libFuzzer (tests/fuzz/explore) it looks for new ones, and the environment variable HARNESS chooses. What a harness asserts
 * beyond "no crash, no leak, no undefined behaviour, no more than a second for 100 kB" stands in it.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bundle/base/io.h"
#include "commands.h"
#include "harness.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const struct harness *harness;

static bool choose(const char *name)
{
	harness = harness_find(name);
	return harness;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ck_arena *arena = ck_arena_new(COMMANDS_MEMORY);
	struct ck_diags diags;

	CK_ASSERT(arena && ck_diags_init(&diags));
	harness->run((struct ck_str){ (const char *)data, n }, arena, &diags);
	ck_diags_clear(&diags);
	ck_arena_free(arena);
	empty_scratch();
	return 0;
}

#ifdef CK_LIBFUZZER

size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (!choose(getenv("HARNESS")))
		abort();
	json_set_alloc_funcs(ck_alloc, ck_free);
	enter_scratch();
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed)
{
	return harness->is_message ? wire_mutate(data, n, max, seed, LLVMFuzzerMutate) : LLVMFuzzerMutate(data, n, max);
}

#else

/* ---- replaying */

enum { BATCH = 64 };

struct replay {
	struct ck_arena *arena;
	struct ck_str *paths;
	size_t n, capacity;
};

static void add_path(struct replay *replay, struct ck_str path)
{
	struct ck_stat found;
	struct ck_str *names;
	size_t n;

	if (!ck_stat_path(path.p, &found) || !found.exists) {
		fprintf(stderr, "%s is not there\n", path.p);
		exit(2);
	}
	if (!found.is_dir) {
		CK_ASSERT(ck_arena_grow(replay->arena, (void **)&replay->paths, replay->n, &replay->capacity, sizeof(*replay->paths)));
		replay->paths[replay->n++] = path;
		return;
	}
	CK_ASSERT(ck_list_dir(path.p, replay->arena, &names, &n));
	for (size_t i = 0; i < n; i++)
		add_path(replay, ck_path_join(replay->arena, path, names[i]));
}

/* A second, and one for each 100 kB; sanitizers and valgrind (tests/run says SLOWDOWN) take their time. */
static double seconds_allowed(size_t n)
{
	double seconds = 1 + (double)n / 1e5;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return 15 * seconds;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
	return 15 * seconds;
#endif
#endif
	return getenv("SLOWDOWN") ? 15 * seconds : seconds;
}

static void replay_one(struct ck_arena *arena, struct ck_str path)
{
	clock_t begin = clock();
	struct ck_str bytes;
	double seconds;

	if (!ck_read_file(path.p, 64 << 20, arena, &bytes)) {
		fprintf(stderr, "%s cannot be read\n", path.p);
		exit(1);
	}
	LLVMFuzzerTestOneInput((const uint8_t *)bytes.p, bytes.n);
	seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
	if (seconds > seconds_allowed(bytes.n)) {
		fprintf(stderr, "%s takes %.1f s\n", path.p, seconds);
		exit(1);
	}
}

/* Inputs [begin, end) in a process of their own, as a crash would be the end of it. */
static bool replay_range(const struct replay *replay, size_t begin, size_t end)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		struct ck_arena *arena = ck_arena_new((size_t)1 << 30);

		CK_ASSERT(arena);
		enter_scratch();
		for (size_t i = begin; i < end; i++)
			replay_one(arena, replay->paths[i]);
		ck_arena_free(arena);
		ck_arena_free(replay->arena);
		exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		abort();
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv)
{
	struct replay replay = { .arena = ck_arena_new((size_t)1 << 30) };
	size_t n_failed = 0;
	char here[4096];

	if (argc < 3 || !choose(argv[1]) || !replay.arena || !getcwd(here, sizeof(here))) {
		fprintf(stderr, "usage: fuzz HARNESS FILE|FOLDER...\n");
		return 2;
	}
	json_set_alloc_funcs(ck_alloc, ck_free);
	for (int i = 2; i < argc; i++)
		add_path(&replay, argv[i][0] == '/' ? ck_str(argv[i]) : ck_path_join(replay.arena, ck_str(here), ck_str(argv[i])));
	for (size_t begin = 0; begin < replay.n; begin += BATCH) {
		size_t end = begin + BATCH < replay.n ? begin + BATCH : replay.n;

		if (replay_range(&replay, begin, end))
			continue;
		for (size_t i = begin; i < end; i++) {
			bool passed = replay_range(&replay, i, i + 1);

			if (!passed)
				printf("%s %s fails\n", argv[1], replay.paths[i].p);
			n_failed += !passed;
		}
	}
	printf("%zu passed, %zu failed\n", replay.n - n_failed, n_failed);
	ck_arena_free(replay.arena);
	return n_failed > 0;
}

#endif
