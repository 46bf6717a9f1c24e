/* --help, made from the tables. */
#include <string.h>

#include "compiler/driver/options.h"

enum { HELP_COLUMN = 30 };

/* The argument of an option without the words that are not available. */
static void put_argument(struct ck_buf *out, const char *argument)
{
	struct ck_str rest = ck_str(argument);
	for (bool first = true; rest.n; ) {
		size_t end = ck_str_find(rest, '|');
		struct ck_str word = ck_str_slice(rest, 0, end);
		rest = ck_str_slice(rest, end + 1, rest.n);
		if (ck_str_starts(word, CK_STR("!")))
			continue;
		ck_buf_printf(out, "%s%.*s", first ? "" : "|", CK_STR_ARG(word));
		first = false;
	}
}

static void put_option(struct ck_buf *out, const struct ck_option_info *info)
{
	size_t begin = out->n;
	ck_buf_str(out, CK_STR("  "));
	if (info->letter)
		ck_buf_printf(out, "-%c%s", info->letter, info->name[0] ? ", " : "");
	if (info->name[0])
		ck_buf_printf(out, "--%s", info->name);
	if (info->argument[0])
		ck_buf_char(out, info->name[0] && strchr(info->argument, '|') ? '=' : ' ');
	put_argument(out, info->argument);
	if (out->n - begin > HELP_COLUMN - 2) {
		ck_buf_char(out, '\n');
		begin = out->n;
	}
	if (out->n - begin < HELP_COLUMN)
		ck_buf_fill(out, ' ', HELP_COLUMN - (out->n - begin));
	ck_buf_printf(out, "%s\n", info->help);
}

static void put_all(struct ck_buf *out)
{
	ck_buf_str(out, CK_STR("ckmig migrates TensorFlow checkpoints as a short text says, verified and with a report.\n\n"
			       "usage: ckmig COMMAND [OPTION...] [OPERAND...]\n\n"));
	for (size_t i = 0; i < CK_N_COMMANDS; i++) {
		if (ck_commands[i].available)
			ck_buf_printf(out, "  %-10s%s\n", ck_commands[i].name, ck_commands[i].summary);
	}
	ck_buf_str(out, CK_STR("\nevery command:\n"));
	for (size_t i = 0; i < CK_N_OPTIONS; i++) {
		if (strcmp(ck_option_infos[i].commands, "*") == 0)
			put_option(out, &ck_option_infos[i]);
	}
	ck_buf_str(out, CK_STR("\nexamples:\n"
			       "  $ ckmig ls model.ckpt                            # what is in a checkpoint\n"
			       "  $ ckmig plan fuse.ckmig model.ckpt               # a dry run: reads no tensor\n"
			       "  $ ckmig run -o new/model.ckpt fuse.ckmig model.ckpt\n"
			       "\n`ckmig COMMAND --help` tells more. The language: man 5 ckmig.\n"));
}

void ck_help(enum ck_command command, struct ck_buf *out)
{
	if (command == CK_N_COMMANDS) {
		put_all(out);
		return;
	}
	const struct ck_command_info *info = &ck_commands[command];
	ck_buf_printf(out, "ckmig %s: %s\n\nusage: ckmig %s [OPTION...] %s\n\n", info->name, info->summary, info->name, info->operands);
	if (!info->available)
		ck_buf_str(out, CK_STR("not available in this version of ckmig\n\n"));
	struct ck_str rest = ck_str(info->details);
	for (bool in_examples = false; rest.n;) {
		size_t end = ck_str_find(rest, '\n');
		struct ck_str line = ck_str_slice(rest, 0, end);
		rest = ck_str_slice(rest, end + 1, rest.n);
		bool is_example = ck_str_starts(line, CK_STR("$ "));
		if (is_example && !in_examples)
			ck_buf_str(out, CK_STR("examples:\n"));
		in_examples = in_examples || is_example;
		if (line.n || !ck_str_ends(ck_buf_view(out), CK_STR("\n\n")))
			ck_buf_printf(out, "%s%.*s\n", is_example ? "  " : "", CK_STR_ARG(line));
	}
	ck_buf_str(out, CK_STR("\noptions:\n"));
	for (enum ck_option option = 0; option < CK_N_OPTIONS; option++) {
		if (ck_option_applies(option, command))
			put_option(out, &ck_option_infos[option]);
	}
}
