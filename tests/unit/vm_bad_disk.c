/* A disk that does not keep what was written: the output is read again, and does not get its name. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compiler/compile.h"
#include "vm/exec.h"

/* Stands in for the C library's. Of one write, the first bit is another one on the disk. */
static int n_to_spoil;

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
	char copy[1 << 16];

	if (n == 0 || n > sizeof(copy) || n_to_spoil-- <= 0)
		return syscall(SYS_pwrite64, fd, bytes, n, offset);
	memcpy(copy, bytes, n);
	copy[0] ^= 1;
	return syscall(SYS_pwrite64, fd, copy, n, offset);
}

static enum ck_code run(const char *prefix, enum ck_verify_mode verify, struct ck_arena *arena, struct ck_diags *diags)
{
	static const char text[] = "ckmig 1\nmap \"bert/pooler/dense/kernel\" | transpose -> \"a\"\ndrop rest because \"not looked at\"\n";
	struct ck_manifest *manifest;
	struct ck_bind_options options = { 0 };
	struct ck_run_options run_options = { .n_jobs = 1, .memory = 16 << 20, .verify = verify };
	struct ck_ast_file *tree;
	struct ck_plan *plan, *bound;
	struct ck_report *report = NULL;
	enum ck_code code;

	cr_assert_eq(ck_manifest_open(CK_STR("tests/data/tf1_bert_tiny/bert_model.ckpt"), diags, &manifest), CK_OK);
	struct ck_inputs inputs = { 1, (const struct ck_manifest *const *)&manifest };

	cr_assert_eq(ck_parse(arena, diags, ck_diags_add_file(diags, CK_STR("t.ckmig"), ck_str(text)), &tree), CK_OK);
	cr_assert_eq(ck_compile(arena, diags, tree, &plan), CK_OK);
	cr_assert_eq(ck_bind(plan, &inputs, &options, arena, diags, &bound), CK_OK);
	n_to_spoil = 1;
	code = ck_run(bound, &inputs, ck_str(prefix), &run_options, arena, diags, &report);
	cr_assert(n_to_spoil <= 0, "nothing was spoilt");
	cr_assert(report && report->written == (code == CK_OK));
	ck_manifest_free(manifest);
	return code;
}

Test(vm_bad_disk, what_reads_back_otherwise_is_no_output)
{
	char folder[] = "/tmp/ckmig-bad-disk-XXXXXX", prefix[64], command[64];
	struct ck_arena *arena = ck_arena_new((size_t)1 << 30);
	struct ck_diags diags;
	struct ck_stat found;
	struct ck_str *names;
	size_t n;

	cr_assert(arena && ck_diags_init(&diags) && mkdtemp(folder));
	snprintf(prefix, sizeof(prefix), "%s/out", folder);
	cr_expect_eq(run(prefix, CK_VERIFY_CHANGED, arena, &diags), CK_VERIFY_FAILED);
	cr_assert_eq(diags.n_errors, 1);
	cr_expect(strstr(diags.items[0]->message.p, "\"a\" was written with the checksum"), "%s", diags.items[0]->message.p);
	cr_assert(ck_list_dir(folder, arena, &names, &n));
	cr_expect_eq(n, 0, "%zu files stay", n);
	/* Whoever does not look does not see. */
	cr_expect_eq(run(prefix, CK_VERIFY_NONE, arena, &diags), CK_OK);
	cr_expect(ck_stat_path(ck_str_format(arena, "%s.index", prefix).p, &found) && found.exists);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	cr_assert_eq(system(command), 0);
	ck_diags_clear(&diags);
	ck_arena_free(arena);
}
