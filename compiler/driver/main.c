/* Where it begins: signals, the command line, the command, the exit code. */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle/saved_model.h"
#include "compiler/driver/driver.h"

#define CK_VERSION "0.1"

static enum ck_code (*const commands[CK_N_COMMANDS])(struct ck_driver *driver) = {
	[CK_COMMAND_compile] = ck_cmd_compile, [CK_COMMAND_plan] = ck_cmd_plan, [CK_COMMAND_run] = ck_cmd_run,
	[CK_COMMAND_verify] = ck_cmd_verify, [CK_COMMAND_ls] = ck_cmd_ls, [CK_COMMAND_show] = ck_cmd_show,
	[CK_COMMAND_explain] = ck_cmd_explain, [CK_COMMAND_scaffold] = ck_cmd_scaffold, [CK_COMMAND_disasm] = ck_cmd_disasm,
};

/* Signals that end the process. A broken pipe is one, so that `ckmig ls | head` is quiet; abort() is an assertion: a bug. */
static const struct ending {
	int signal;
	enum ck_exit exit_code;
	const char *message;
} endings[] = {
	{SIGINT, CK_EXIT_INTERRUPT, "error[E0905]: interrupted; what was begun is removed\n"},
	{SIGTERM, CK_EXIT_TERMINATE, "error[E0905]: told to stop (SIGTERM); what was begun is removed\n"},
	{SIGHUP, CK_EXIT_HANGUP, ""},
	{SIGPIPE, CK_EXIT_PIPE, ""},
	{SIGABRT, CK_EXIT_BUG, "error[E0906]: this is a bug in ckmig, not in your files; please report the command line and the line above\n"},
};

static void end_by_signal(int number)
{
	ck_writer_abandon_all();
	ck_saved_model_abandon();
	ck_temporary_remove();
	for (size_t i = 0; i < CK_COUNT(endings); i++) {
		if (endings[i].signal == number) {
			(void)!write(STDERR_FILENO, endings[i].message, strlen(endings[i].message));
			_exit((int)endings[i].exit_code);
		}
	}
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = end_by_signal}, old;
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < CK_COUNT(endings); i++) {
		/* nohup and shells' background jobs ignore some on purpose. */
		if (sigaction(endings[i].signal, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(endings[i].signal, &action, NULL);
	}
}

static enum ck_code run_command(struct ck_driver *driver)
{
	const struct ck_options *options = &driver->options;
	if (ck_option_given(options, CK_OPTION_VERSION)) {
		ck_buf_str(&driver->out, CK_STR("ckmig " CK_VERSION "\n"));
		return CK_OK;
	}
	if (ck_option_given(options, CK_OPTION_HELP)) {
		ck_help(options->command, &driver->out);
		return CK_OK;
	}
	struct ck_str folder = ck_option_text(options, CK_OPTION_DIRECTORY);
	if (folder.p && chdir(folder.p) != 0)
		return ck_error_io(&driver->diags, "go to", folder);
	return commands[options->command](driver);
}

int main(int argc, char **argv)
{
	catch_signals();
	json_set_alloc_funcs(ck_alloc, ck_free);
	struct ck_driver driver = {.arena = ck_arena_new(CK_PLAN_LIMIT)};
	if (!driver.arena || !ck_diags_init(&driver.diags)) {
		(void)!ck_output_write(STDERR_FILENO, CK_STR("error[E0903]: memory is short\n"));
		ck_arena_free(driver.arena);
		return CK_EXIT_USAGE;
	}
	enum ck_code code = ck_options_parse(argc, argv, driver.arena, &driver.diags, &driver.options);
	ck_output_init(&driver);
	if (!code)
		code = run_command(&driver);
	enum ck_exit exit_code = ck_output_finish(&driver, code);
	ck_buf_clear(&driver.out);
	ck_diags_clear(&driver.diags);
	ck_arena_free(driver.arena);
	return (int)exit_code;
}
