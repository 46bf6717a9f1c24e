/*
 * Each call that can fail fails once: every allocation, open, read, write, sync, rename, link, stat. A migration is compiled, bound and
 * run; whatever fails, there is a code and a diagnostic, the output is whole or not there, an output that was to be replaced is
 * whole, no temporary file stays, and (under sanitizers) nothing leaks. And a process that is killed at any write leaves no torn output.
 * At no moment does the report beside it tell of an output that is not there.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler/compile.h"
#include "vm/exec.h"

#define SOURCE "tests/data/tf2_legacy_adam/adam-1"

static const char text[] = "ckmig 1\nmap \"model/layer_with_weights-0/kernel\" | transpose | grow(axis=0, to=9, with=mean) -> \"model/wide\"\n"
			   "map \"model/layer_with_weights-1/kernel\" | cast(bf16) -> \"model/half\"\nkeep rest\ncheck finite(\"**\")\n";

/* ---- the seam */

static size_t calls[16];	/* of each kind so far; threads count in no fixed order, so one thread works */
static enum ck_seam fault_seam;
static size_t fault_at = SIZE_MAX;
static int fault_errno;
static bool kills;

static int seam(enum ck_seam kind)
{
	size_t number = calls[kind]++;

	if (kind != fault_seam || number != fault_at)
		return 0;
	if (kills)
		raise(SIGKILL);
	return fault_errno;
}

/* ---- one run */

struct outcome {
	enum ck_code code;
	size_t n_errors;
};

static char folder[] = "/tmp/ckmig-fault-XXXXXX";
static char report_path[64];

static void tell(void *told, struct ck_buf *out)
{
	ck_buf_str(out, ck_str(told));
}

/* The report of a run, as the command line has it. */
static enum ck_code put_report(void *context, const struct ck_report *report, struct ck_companion *ret_companion)
{
	if (!report->written)
		return CK_INTERNAL;
	*ret_companion = (struct ck_companion){ ck_str(report_path), { tell, context } };
	return CK_OK;
}

static enum ck_code migrate(struct ck_arena *arena, struct ck_diags *diags, struct ck_manifest **manifest, const char *prefix, bool force,
			    const char *told)
{
	struct ck_inputs inputs = { 1, (const struct ck_manifest *const *)manifest };
	struct ck_bind_options options = { 0 };
	struct ck_run_options run = { .n_jobs = 1, .memory = 16 << 20, .verify = CK_VERIFY_FULL, .sync = true, .force = force,
				      .before_name = put_report, .before_context = (void *)(uintptr_t)told };
	struct ck_ast_file *tree;
	struct ck_plan *plan, *bound;
	struct ck_report *report;
	uint32_t file = ck_diags_add_file(diags, CK_STR("fault.ckmig"), ck_str(text));
	enum ck_code code = file ? ck_parse(arena, diags, file, &tree) : ck_error_nomem(diags);

	if (code == CK_OK)
		code = ck_compile(arena, diags, tree, &plan);
	if (code == CK_OK)
		code = ck_manifest_open(CK_STR(SOURCE), diags, manifest);
	if (code == CK_OK)
		code = ck_bind(plan, &inputs, &options, arena, diags, &bound);
	if (code == CK_OK)
		code = ck_run(bound, &inputs, ck_str(prefix), &run, arena, diags, &report);
	return code;
}

/* Its report consists of the word `told`. */
static struct outcome run_once(const char *prefix, bool force, const char *told)
{
	struct ck_arena *arena = ck_arena_new((size_t)1 << 30);
	struct ck_manifest *manifest = NULL;
	struct outcome outcome = { CK_NOMEM, 1 };
	struct ck_diags diags;

	if (arena && ck_diags_init(&diags)) {
		outcome.code = migrate(arena, &diags, &manifest, prefix, force, told);
		outcome.n_errors = diags.n_errors;
		ck_manifest_free(manifest);
		ck_diags_clear(&diags);
	}
	ck_arena_free(arena);
	return outcome;
}

/* ---- what must hold afterwards */

static size_t n_passed, n_failed;

static void expect(bool truth, const char *what, enum ck_seam kind, size_t number)
{
	if (truth) {
		n_passed++;
		return;
	}
	n_failed++;
	printf("call %zu of kind %d: %s\n", number, (int)kind, what);
}

static bool is_whole(const char *prefix)
{
	struct ck_diags diags;
	struct ck_manifest *manifest = NULL;
	uint64_t n_variables, n_bytes;
	bool whole = ck_diags_init(&diags) && ck_manifest_open(ck_str(prefix), &diags, &manifest) == CK_OK &&
		     ck_verify_checkpoint(manifest, 1, 16 << 20, &diags, &n_variables, &n_bytes) == CK_OK;

	ck_manifest_free(manifest);
	ck_diags_clear(&diags);
	return whole;
}

/* Is there a report, of this word? */
static bool reported(const char *word)
{
	char found[8] = "";
	FILE *file = fopen(report_path, "r");
	size_t n = file ? fread(found, 1, sizeof(found) - 1, file) : 0;

	if (file)
		fclose(file);
	return file && n == strlen(word) && strcmp(found, word) == 0;
}

static uint64_t inode_of(const char *path)
{
	struct ck_stat found;

	return ck_stat_path(path, &found) && found.exists ? found.inode : 0;
}

/* Names in the folder; temporary ones begin with a dot. */
static size_t count_files(bool temporary)
{
	struct ck_arena *arena = ck_arena_new(1 << 20);
	struct ck_str *names;
	size_t n = 0, count = 0;

	if (!arena || !ck_list_dir(folder, arena, &names, &n))
		abort();
	for (size_t i = 0; i < n; i++)
		count += (names[i].p[0] == '.') == temporary;
	ck_arena_free(arena);
	return count;
}

static void clean(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf %s/* %s/.[a-z]*", folder, folder);
	if (system(command) != 0)
		abort();
}

/* ---- sweeps */

static void make_old(const char *prefix)
{
	if (run_once(prefix, true, "old").code != CK_OK)
		abort();
}

static bool fails_at(enum ck_seam kind, size_t number, int error, const char *prefix, bool force)
{
	struct outcome outcome;
	bool reached;

	memset(calls, 0, sizeof(calls));
	fault_seam = kind;
	fault_at = number;
	fault_errno = error;
	ck_seam_fault = seam;
	outcome = run_once(prefix, force, "new");
	ck_seam_fault = NULL;
	reached = calls[kind] > number;
	expect((outcome.code == CK_OK) == (outcome.n_errors == 0), "a code without a diagnostic, or the other way round", kind, number);
	expect(count_files(true) == 0, "a temporary file stays", kind, number);
	if (outcome.code != CK_OK && !force)
		expect(count_files(false) == 0, "a part of the output stays", kind, number);
	else
		expect(is_whole(prefix), "the output is not whole", kind, number);
	if (outcome.code == CK_OK || force)
		expect(reported(outcome.code == CK_OK ? "new" : "old"), "the report tells of another output", kind, number);
	if (!force)
		clean();
	else if (outcome.code == CK_OK)
		make_old(prefix);
	return reached;
}

/* Every call, or of many about `most`, spread over all of them. */
static void sweep(enum ck_seam kind, int error, size_t most, bool force)
{
	char prefix[64];
	size_t n, step;

	snprintf(prefix, sizeof(prefix), "%s/out", folder);
	if (force)
		make_old(prefix);
	(void)fails_at(kind, SIZE_MAX - 1, error, prefix, force);
	n = calls[kind];
	step = n / most + 1;
	for (size_t i = 0; i < n; i += step)
		(void)fails_at(kind, i, error, prefix, force);
	clean();
}

/* After a process was killed: the output is whole or has no index, and a report tells of what is there. */
static void look_after_kill(const char *prefix, const char *index, uint64_t old_inode, enum ck_seam kind, size_t number)
{
	uint64_t inode = inode_of(index);

	expect(inode == 0 || is_whole(prefix), "a torn output", kind, number);
	expect(!reported("old") || inode == old_inode, "the report tells of an output that was replaced", kind, number);
	expect(!reported("new") || (inode != 0 && inode != old_inode), "the report tells of an output that is not there", kind, number);
}

/* The process dies at its i-th write, sync or rename. */
static void kill_sweep(enum ck_seam kind, bool force)
{
	char prefix[64], index[80];
	uint64_t old_inode;
	int status = 0;

	snprintf(prefix, sizeof(prefix), "%s/out", folder);
	snprintf(index, sizeof(index), "%s.index", prefix);
	for (size_t i = 0; i < 1000; i++) {
		pid_t child;

		if (force)
			make_old(prefix);
		old_inode = inode_of(index);
		child = fork();
		if (child == 0) {
			memset(calls, 0, sizeof(calls));
			fault_seam = kind;
			fault_at = i;
			kills = true;
			ck_seam_fault = seam;
			_exit(run_once(prefix, force, "new").code == CK_OK ? 0 : 1);
		}
		if (child < 0 || waitpid(child, &status, 0) != child)
			abort();
		look_after_kill(prefix, index, old_inode, kind, i);
		clean();
		if (WIFEXITED(status))
			break;
	}
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the run that nothing killed failed", kind, 0);
}

int main(void)
{
	static const struct {
		enum ck_seam kind;
		int error;
	} rows[] = {
		{ CK_SEAM_OPEN, EMFILE }, { CK_SEAM_READ, EIO }, { CK_SEAM_WRITE, ENOSPC }, { CK_SEAM_SYNC, EIO }, { CK_SEAM_RENAME, EACCES },
		{ CK_SEAM_MKDIR, EACCES }, { CK_SEAM_STAT, EACCES },
	};

	if (!mkdtemp(folder))
		return 1;
	snprintf(report_path, sizeof(report_path), "%s/out.report", folder);
	for (int force = 0; force < 2; force++) {
		sweep(CK_SEAM_ALLOC, ENOMEM, 500, force);
		for (size_t i = 0; i < CK_COUNT(rows); i++)
			sweep(rows[i].kind, rows[i].error, 100, force);
		kill_sweep(CK_SEAM_WRITE, force);
		kill_sweep(CK_SEAM_SYNC, force);
		kill_sweep(CK_SEAM_RENAME, force);
	}
	rmdir(folder);
	printf("%zu passed, %zu failed\n", n_passed, n_failed);
	return n_failed > 0;
}
