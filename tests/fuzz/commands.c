#include "commands.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle/base/io.h"
#include "compiler/driver/driver.h"

static const struct {
	const char *name;
	enum ck_code (*run)(struct ck_driver *driver);
} commands[] = {
	{ "plan", ck_cmd_plan }, { "run", ck_cmd_run }, { "verify", ck_cmd_verify }, { "ls", ck_cmd_ls }, { "show", ck_cmd_show },
	{ "scaffold", ck_cmd_scaffold }, { "disasm", ck_cmd_disasm }, { "compile", ck_cmd_compile },
};

static char scratch[64];

void check_text(struct ck_str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		CK_ASSERT(c >= ' ' || c == '\n' || c == '\t');
		CK_ASSERT(c != 0x7f);
	}
}

void check_json(struct ck_str text)
{
	json_t *value = json_loadb(text.p, text.n, JSON_ALLOW_NUL | JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, NULL);

	CK_ASSERT(value);
	json_decref(value);
}

void check_diags(struct ck_diags *diags, enum ck_code code)
{
	CK_ASSERT(code == CK_NOMEM || (code != CK_OK) == (diags->n_errors > 0));
	for (int format = CK_FORMAT_TEXT; format <= CK_FORMAT_SARIF; format++) {
		struct ck_buf out = { 0 };

		ck_diags_render(diags, (enum ck_format)format, false, &out);
		CK_ASSERT(!out.failed);
		if (format == CK_FORMAT_TEXT || format == CK_FORMAT_GCC)
			check_text(ck_buf_view(&out));
		else if (out.n)
			check_json(ck_buf_view(&out));
		ck_buf_clear(&out);
	}
}

void add_argument(struct arguments *arguments, const char *text)
{
	CK_ASSERT(arguments->n + 1 < (int)CK_COUNT(arguments->list));
	arguments->list[arguments->n++] = (char *)(uintptr_t)text;
}

enum ck_code run_command(struct arguments *arguments, bool *ret_differs)
{
	struct ck_driver driver = { .arena = ck_arena_new(COMMANDS_MEMORY) };
	enum ck_code code;

	CK_ASSERT(driver.arena && ck_diags_init(&driver.diags));
	code = ck_options_parse(arguments->n, arguments->list, driver.arena, &driver.diags, &driver.options);
	driver.json = ck_option_given(&driver.options, CK_OPTION_JSON);
	for (size_t i = 0; i < CK_COUNT(commands) && !code; i++)
		if (strcmp(arguments->list[1], commands[i].name) == 0)
			code = commands[i].run(&driver);
	CK_ASSERT(!driver.out.failed);
	check_diags(&driver.diags, code);
	if (!driver.json)
		check_text(ck_buf_view(&driver.out));
	else if (driver.out.n)
		check_json(ck_buf_view(&driver.out));
	if (ret_differs)
		*ret_differs = driver.differs;
	ck_buf_clear(&driver.out);
	ck_diags_clear(&driver.diags);
	ck_arena_free(driver.arena);
	return code;
}

enum ck_code run_words(const char *const *words)
{
	struct arguments arguments = { { NULL }, 0 };

	add_argument(&arguments, "ckmig");
	for (size_t i = 0; words[i]; i++)
		add_argument(&arguments, words[i]);
	return run_command(&arguments, NULL);
}

static void empty_folder(const char *path, unsigned depth)
{
	struct ck_arena *arena = ck_arena_new(64 << 20);
	struct ck_str *names;
	struct ck_stat found;
	size_t n = 0;

	CK_ASSERT(arena && depth < 10);
	if (!ck_list_dir(path, arena, &names, &n))
		n = 0;
	for (size_t i = 0; i < n; i++) {
		const char *name = ck_path_join(arena, ck_str(path), names[i]).p;

		if (ck_stat_path(name, &found) && found.is_dir) {
			empty_folder(name, depth + 1);
			(void)rmdir(name);
		} else {
			(void)unlink(name);
		}
	}
	ck_arena_free(arena);
}

static void leave_scratch(void)
{
	empty_scratch();
	(void)rmdir(scratch);
}

void empty_scratch(void)
{
	empty_folder(scratch, 0);
}

void enter_scratch(void)
{
	snprintf(scratch, sizeof(scratch), "%s/ckmig-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(scratch) || chdir(scratch) != 0)
		abort();
	atexit(leave_scratch);
}
