/*
 * A case: a migration and the checkpoints it runs on, as one message, and the commands that are tried on it in a folder.
 *
 *     1 pair of the index { 1 key, 2 value }    2 a data file       3 text of a migration    4 a plan, without its frame
 *     5 object graph                            6 template { .. }   7 a file named f         8 flags
 *     9 an option of `plan` and `run`           10 the input teacher { .. }
 */
#ifndef CK_TESTS_FUZZ_CASE_H
#define CK_TESTS_FUZZ_CASE_H

#include "bundle/base/arena.h"
#include "bundle/base/io.h"

enum { CASE_MAX_OPTIONS = 8 };

struct fuzz_case {
	struct ck_str text, plan, file, onto, teacher;
	struct ck_str options[CASE_MAX_OPTIONS];
	size_t n_options;
};

/* Takes a message apart; what it has not is empty. All is borrowed from it. */
void case_read(struct ck_str message, struct fuzz_case *ret_case);

/* Makes a file; aborts where it cannot. */
void case_write(const char *path, struct ck_str bytes);

/* Writes the checkpoint of a message. */
void case_write_checkpoint(struct ck_arena *arena, struct ck_str message, const char *prefix);

/*
 * Appends a plan file of a Plan message. Its inputs have the digests given, in the order of inputs: a stale plan is refused before
 * anything else is looked at.
 */
void case_put_plan(struct ck_buf *out, struct ck_str plan, uint8_t digests[][CK_SHA256], size_t n_digests);

#endif
