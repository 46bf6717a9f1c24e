/* The command line, read by the tables command.def and options.def. */
#ifndef CK_DRIVER_OPTIONS_H
#define CK_DRIVER_OPTIONS_H

#include "bundle/base/diag.h"

enum ck_command {
#define CK_COMMAND(name, state, least, most, operands, summary, details) CK_COMMAND_##name,
#include "compiler/driver/command.def"
#undef CK_COMMAND
	CK_N_COMMANDS,		/* also: no command */
};

enum ck_option {
#define CK_OPTION(NAME, name, letter, argument, commands, help) CK_OPTION_##NAME,
#include "compiler/driver/options.def"
#undef CK_OPTION
	CK_N_OPTIONS,
};

struct ck_command_info {
	const char *name;
	bool available;
	size_t least, most;	/* operands */
	const char *operands, *summary, *details;
};

struct ck_option_info {
	const char *name;	/* "" when it has only a letter */
	char letter;
	const char *argument, *commands, *help;
	const char *id;		/* OUTPUT: its name in the table */
};

extern const struct ck_command_info ck_commands[CK_N_COMMANDS];
extern const struct ck_option_info ck_option_infos[CK_N_OPTIONS];

/* One option as given. */
struct ck_given {
	enum ck_option option;
	struct ck_str value;	/* of "NAME=VALUE" all of it */
};

struct ck_options {
	enum ck_command command;
	struct ck_str *operands;	/* after the command; NUL-terminated, as all strings here */
	size_t n_operands;
	struct ck_given *given;		/* in the order of the command line */
	size_t n_given;
};

/**
 * Reads argv into arena. Options may stand anywhere before "--". Every mistake is reported, by CK_USAGE diagnostics with suggestions
 * and the usage of the command; the options are set all the same, so that how to report is known.
 * @errors CK_USAGE, CK_NOT_AVAILABLE, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_options_parse(int argc, char **argv, struct ck_arena *arena, struct ck_diags *diags, struct ck_options *ret_options);

bool ck_option_given(const struct ck_options *options, enum ck_option option);
/* The last value given; empty (p is NULL) when there is none. */
struct ck_str ck_option_text(const struct ck_options *options, enum ck_option option);
/* Position of the word given among the words of the table, 0 when the option is not given. */
size_t ck_option_word(const struct ck_options *options, enum ck_option option);
/* Digits and one of the language's suffixes: K M G Ki Mi Gi. False for other text, and beyond 63 bits. */
bool ck_size_read(struct ck_str text, uint64_t *ret_size);
/* A number or size (checked when the command line was read), or otherwise. */
uint64_t ck_option_number(const struct ck_options *options, enum ck_option option, uint64_t otherwise);
bool ck_option_applies(enum ck_option option, enum ck_command command);

/* A CK_USAGE error, with the usage of the command as a note. */
CK_PRINTF(3, 4) struct ck_diag *ck_usage_error(struct ck_diags *diags, enum ck_command command, const char *format, ...);
/* An error that something is not available in this version; returns CK_NOT_AVAILABLE. */
CK_PRINTF(2, 3) enum ck_code ck_not_available(struct ck_diags *diags, const char *format, ...);

/* Help for a command, or for all when it is CK_N_COMMANDS (help.c). */
void ck_help(enum ck_command command, struct ck_buf *out);

#endif
