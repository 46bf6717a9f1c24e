/* One harness a kind of input that comes from outside. What it asserts beyond "no crash, no leak" stands in it. */
#ifndef CK_TESTS_FUZZ_HARNESS_H
#define CK_TESTS_FUZZ_HARNESS_H

#include "bundle/base/arena.h"
#include "bundle/base/diag.h"

struct harness {
	const char *name;
	void (*run)(struct ck_str input, struct ck_arena *arena, struct ck_diags *diags);
	bool is_message;	/* the mutator knows how it is built */
};

/* NULL when there is none of this name. */
const struct harness *harness_find(const char *name);

#endif
