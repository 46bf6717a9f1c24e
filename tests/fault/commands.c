/*
 * Whole commands, in which each call that can fail fails once. Whatever fails, there is a code and a diagnostic, and (under sanitizers)
 * nothing leaks; what was to be written is there when the command succeeds, and nothing but a report when it fails. Only a state file
 * may fail after its checkpoint is complete.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle/base/io.h"
#include "compiler/driver/driver.h"

/* ---- the seam */

static size_t calls[16];	/* of each kind so far */
static enum ck_seam fault_seam;
static size_t fault_at;
static int fault_errno;

static int seam(enum ck_seam kind)
{
	size_t number = calls[kind]++;

	return kind == fault_seam && number == fault_at ? fault_errno : 0;
}

/* ---- commands, in a folder with sources; they write into out/ */

struct row {
	const char *words;
	enum ck_code (*run)(struct ck_driver *driver);
	const char *output;	/* NULL: standard output alone */
};

static const struct row rows[] = {
	{ "run --jobs=1 --data=link -o out/x keep.ckmig adam/adam-1", ck_cmd_run, "out/x.index" },
	{ "run --jobs=1 --data=link --verify=full -o out/x m.ckmig adam/adam-1", ck_cmd_run, "out/x.index" },
	{ "run --jobs=1 -o out/x keep.ckmig savedmodel", ck_cmd_run, "out/x/saved_model.pb" },
	{ "run --jobs=1 -o out/x keep.ckmig n.ckmig adam/adam-1", ck_cmd_run, "out/x.index" },
	{ "plan -o out/x m.ckmig adam/adam-1", ck_cmd_plan, "out/x" },
	{ "plan -o out/x m.ckmig n.ckmig adam/adam-1", ck_cmd_plan, "out/x" },
	{ "scaffold adam/adam-1", ck_cmd_scaffold, NULL },
	{ "scaffold -o out/x --onto in/x adam/adam-1", ck_cmd_scaffold, "out/x" },
	{ "verify --jobs=1 adam/adam-1", ck_cmd_verify, NULL },
	{ "verify --jobs=1 in/x.report.json in/x", ck_cmd_verify, NULL },
	{ "show --npy out/x adam/adam-1 model/layer_with_weights-0/kernel", ck_cmd_show, "out/x" },
	{ "show --json adam/adam-1 model/layer_with_weights-0/kernel", ck_cmd_show, NULL },
	{ "ls --slots --json adam/adam-1", ck_cmd_ls, NULL },
	{ "ls --graph savedmodel", ck_cmd_ls, NULL },
	{ "compile -o out/x m.ckmig", ck_cmd_compile, "out/x" },
	{ "disasm --json m.ckmig", ck_cmd_disasm, NULL },
};

static void shell(const char *command)
{
	if (system(command) != 0)
		abort();
}

static enum ck_code run_words(const struct row *row, size_t *ret_n_errors)
{
	struct ck_driver driver = { .arena = ck_arena_new((size_t)1 << 30), .quiet = true };
	char words[128], *arguments[16] = { NULL }, *rest = NULL;
	enum ck_code code = CK_NOMEM;
	int n = 1;

	arguments[0] = (char *)(uintptr_t)"ckmig";
	snprintf(words, sizeof(words), "%s", row->words);
	for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		arguments[n++] = word;
	*ret_n_errors = 0;
	if (driver.arena && ck_diags_init(&driver.diags)) {
		code = ck_options_parse(n, arguments, driver.arena, &driver.diags, &driver.options);
		driver.json = !code && ck_option_given(&driver.options, CK_OPTION_JSON);
		if (!code)
			code = row->run(&driver);
		*ret_n_errors = driver.diags.n_errors;
		/* As ck_output_finish() has it. */
		if (!code && driver.out.failed)
			code = CK_NOMEM;
		ck_buf_clear(&driver.out);
		ck_diags_clear(&driver.diags);
	}
	ck_arena_free(driver.arena);
	return code;
}

/* ---- what must hold afterwards */

static size_t n_passed, n_failed;

static void expect(bool truth, const char *what, const struct row *row, enum ck_seam kind, size_t number)
{
	if (truth) {
		n_passed++;
		return;
	}
	n_failed++;
	printf("call %zu of kind %d of `%s`: %s\n", number, (int)kind, row->words, what);
	if (system("find out -mindepth 1") != 0)
		abort();
}

/* Everything in out/ but a report and, of a complete checkpoint, its files and the state file. */
static size_t count_left(bool complete)
{
	static const char *const parts[] = { "x.index", "x.data-00000-of-00001", "x.data-00000-of-00002", "x.data-00001-of-00002", "checkpoint" };
	struct ck_arena *arena = ck_arena_new(1 << 20);
	struct ck_str *names;
	size_t n = 0, count = 0;

	if (!arena || !ck_list_dir("out", arena, &names, &n))
		abort();
	for (size_t i = 0; i < n; i++) {
		bool known = ck_str_equal(names[i], CK_STR("x.report.json"));

		for (size_t j = 0; complete && j < CK_COUNT(parts); j++)
			known = known || ck_str_equal(names[i], ck_str(parts[j]));
		count += !known;
	}
	ck_arena_free(arena);
	return count;
}

static bool is_complete(const struct row *row)
{
	static const struct row verify = { "verify --jobs=1 out/x.report.json out/x", ck_cmd_verify, NULL };
	size_t n_errors;

	return row->run == ck_cmd_run && access("out/x.index", F_OK) == 0 && run_words(&verify, &n_errors) == CK_OK;
}

static void fails_at(const struct row *row, enum ck_seam kind, size_t number, int error)
{
	enum ck_code code;
	size_t n_errors;

	memset(calls, 0, sizeof(calls));
	fault_seam = kind;
	fault_at = number;
	fault_errno = error;
	ck_seam_fault = seam;
	code = run_words(row, &n_errors);
	ck_seam_fault = NULL;
	expect(code == CK_NOMEM || (code == CK_OK) == (n_errors == 0), "a code without a diagnostic, or the other way round", row, kind, number);
	if (code == CK_OK)
		expect(!row->output || access(row->output, F_OK) == 0, "success without an output", row, kind, number);
	else
		expect(count_left(is_complete(row)) == 0, "something stays", row, kind, number);
	/* Mostly nothing is there, and no shell has to be started. */
	if (rmdir("out") != 0)
		shell("rm -rf out");
	if (mkdir("out", 0777) != 0)
		abort();
}

/* Every call, or of many about `most`, spread over all of them. */
static void sweep(const struct row *row, enum ck_seam kind, int error, size_t most)
{
	size_t n, step;

	fails_at(row, kind, SIZE_MAX, error);
	n = calls[kind];
	step = n / most + 1;
	for (size_t i = 0; i < n; i += step)
		fails_at(row, kind, i, error);
}

static void prepare(char *folder)
{
	static const struct row first = { "run --jobs=1 -o in/x m.ckmig adam/adam-1", ck_cmd_run, "in/x.index" };
	char command[256];
	size_t n_errors;

	if (!mkdtemp(folder))
		abort();
	snprintf(command, sizeof(command), "cp -r tests/data/tf2_legacy_adam %s/adam && cp -r tests/data/savedmodel %s/savedmodel", folder, folder);
	shell(command);
	if (chdir(folder) != 0)
		abort();
	shell("mkdir in out && printf 'ckmig 1\\nkeep rest\\n' > keep.ckmig");
	shell("printf 'ckmig 1\\nmap \"model/layer_with_weights-1/bias\" -> \"b\"\\nkeep rest\\ncheck finite(source:\"**\")\\n' > n.ckmig");
	shell("printf 'ckmig 1\\nmap \"model/layer_with_weights-0/kernel\" | transpose -> \"model/t\"\\nkeep rest\\n' > m.ckmig");
	if (run_words(&first, &n_errors) != CK_OK)
		abort();
}

int main(void)
{
	static const struct {
		enum ck_seam kind;
		int error;
	} kinds[] = {
		{ CK_SEAM_OPEN, EMFILE }, { CK_SEAM_READ, EIO }, { CK_SEAM_WRITE, ENOSPC }, { CK_SEAM_SYNC, EIO }, { CK_SEAM_RENAME, EACCES },
		{ CK_SEAM_LINK, EPERM }, { CK_SEAM_MKDIR, EACCES }, { CK_SEAM_STAT, EACCES }, { CK_SEAM_MAP, ENOMEM },
	};
	char folder[] = "/tmp/ckmig-fault-XXXXXX", command[64];

	json_set_alloc_funcs(ck_alloc, ck_free);
	prepare(folder);
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		sweep(&rows[i], CK_SEAM_ALLOC, ENOMEM, 100);
		for (size_t j = 0; j < CK_COUNT(kinds); j++)
			sweep(&rows[i], kinds[j].kind, kinds[j].error, 40);
	}
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	shell(command);
	printf("%zu passed, %zu failed\n", n_passed, n_failed);
	return n_failed > 0;
}
