#include "compiler/driver/options.h"

#include <stdlib.h>
#include <string.h>

#define ANY SIZE_MAX

const struct ck_command_info ck_commands[CK_N_COMMANDS] = {
#define NOW true
#define LATER false
#define CK_COMMAND(name, state, least, most, operands, summary, details) {#name, state, least, most, operands, summary, details},
#include "compiler/driver/command.def"
#undef CK_COMMAND
#undef LATER
#undef NOW
};

const struct ck_option_info ck_option_infos[CK_N_OPTIONS] = {
#define CK_OPTION(NAME, name, letter, argument, commands, help) {name, letter, argument, commands, help, #NAME},
#include "compiler/driver/options.def"
#undef CK_OPTION
};

/* What reading the command line needs; operands[0] is the command. */
struct reader {
	struct ck_arena *arena;
	struct ck_diags *diags;
	struct ck_options *options;
	char **argv;
	int argc, at;
};

struct ck_diag *ck_usage_error(struct ck_diags *diags, enum ck_command command, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct ck_str text = ck_str_vformat(diags->arena, format, args);
	va_end(args);
	struct ck_diag *diag = ck_error(diags, CK_USAGE, (struct ck_span){0}, "%.*s", CK_STR_ARG(text));
	if (command == CK_N_COMMANDS)
		ck_diag_note(diags, diag, "usage: ckmig COMMAND [OPTION...] [OPERAND...]; `ckmig --help` lists the commands");
	else
		ck_diag_note(diags, diag, "usage: ckmig %s %s", ck_commands[command].name, ck_commands[command].operands);
	return diag;
}

enum ck_code ck_not_available(struct ck_diags *diags, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct ck_str text = ck_str_vformat(diags->arena, format, args);
	va_end(args);
	ck_error(diags, CK_NOT_AVAILABLE, (struct ck_span){0}, "%.*s: not available in this version of ckmig", CK_STR_ARG(text));
	return CK_NOT_AVAILABLE;
}

/* The next of the words that separator divides; false at the end. */
static bool next_word(struct ck_str *words, char separator, struct ck_str *ret_word)
{
	if (words->n == 0)
		return false;
	size_t end = ck_str_find(*words, separator);
	*ret_word = ck_str_slice(*words, 0, end);
	*words = ck_str_slice(*words, end + 1, words->n);
	return true;
}

bool ck_option_applies(enum ck_option option, enum ck_command command)
{
	struct ck_str words = ck_str(ck_option_infos[option].commands), word;
	while (next_word(&words, ' ', &word)) {
		if (ck_str_equal(word, CK_STR("*")))
			return true;
		if (command != CK_N_COMMANDS && ck_str_equal(word, ck_str(ck_commands[command].name)))
			return true;
	}
	return false;
}

bool ck_option_given(const struct ck_options *options, enum ck_option option)
{
	for (size_t i = 0; i < options->n_given; i++) {
		if (options->given[i].option == option)
			return true;
	}
	return false;
}

struct ck_str ck_option_text(const struct ck_options *options, enum ck_option option)
{
	struct ck_str text = {NULL, 0};
	for (size_t i = 0; i < options->n_given; i++) {
		if (options->given[i].option == option)
			text = options->given[i].value;
	}
	return text;
}

/* Number of a word among "a|b|!c"; SIZE_MAX when it is none. */
static size_t word_number(const char *argument, struct ck_str value, bool *ret_available)
{
	struct ck_str words = ck_str(argument), word;
	for (size_t i = 0; next_word(&words, '|', &word); i++) {
		*ret_available = !ck_str_starts(word, CK_STR("!"));
		if (ck_str_equal(value, ck_str_slice(word, *ret_available ? 0 : 1, word.n)))
			return i;
	}
	return SIZE_MAX;
}

size_t ck_option_word(const struct ck_options *options, enum ck_option option)
{
	bool available;
	size_t number = word_number(ck_option_infos[option].argument, ck_option_text(options, option), &available);
	return number == SIZE_MAX ? 0 : number;
}

bool ck_size_read(struct ck_str text, uint64_t *ret_size)
{
	static const struct { const char *suffix; uint64_t factor; } suffixes[] = {
		{"", 1}, {"K", 1000}, {"M", 1000000}, {"G", 1000000000},
		{"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30},
	};
	uint64_t number = 0;
	size_t i = 0;
	for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++) {
		if (!ck_mul(number, 10, &number) || !ck_add(number, (uint64_t)(text.p[i] - '0'), &number))
			return false;
	}
	struct ck_str suffix = ck_str_slice(text, i, text.n);
	for (size_t j = 0; i > 0 && j < CK_COUNT(suffixes); j++) {
		if (ck_str_equal(suffix, ck_str(suffixes[j].suffix)))
			return ck_mul(number, suffixes[j].factor, ret_size) && *ret_size <= INT64_MAX;
	}
	return false;
}

uint64_t ck_option_number(const struct ck_options *options, enum ck_option option, uint64_t otherwise)
{
	uint64_t number;
	return ck_size_read(ck_option_text(options, option), &number) ? number : otherwise;
}

/* "--memory" or "-o". */
static struct ck_str spelling(struct ck_arena *arena, enum ck_option option)
{
	const struct ck_option_info *info = &ck_option_infos[option];
	return info->name[0] ? ck_str_format(arena, "--%s", info->name) : ck_str_format(arena, "-%c", info->letter);
}

static void check_word(struct reader *reader, enum ck_option option, struct ck_str value)
{
	bool available = true;
	struct ck_str name = spelling(reader->arena, option), words = ck_str(ck_option_infos[option].argument), word;
	if (word_number(words.p, value, &available) != SIZE_MAX) {
		if (!available)
			ck_not_available(reader->diags, "%.*s=%.*s", CK_STR_ARG(name), CK_STR_ARG(value));
		return;
	}
	struct ck_suggest suggest;
	ck_suggest_init(&suggest, value);
	struct ck_buf list = {0};
	while (next_word(&words, '|', &word)) {
		if (ck_str_starts(word, CK_STR("!")))
			continue;
		ck_suggest_offer(&suggest, word);
		ck_buf_printf(&list, "%s%.*s", list.n ? ", " : "", CK_STR_ARG(word));
	}
	struct ck_diag *diag = ck_usage_error(reader->diags, reader->options->command, "%.*s cannot be \"%.*s\"; it is one of %.*s",
					      CK_STR_ARG(name), CK_STR_ARG(ck_name_text(reader->arena, value)),
					      CK_STR_ARG(ck_buf_view(&list)));
	ck_suggest_help(&suggest, reader->diags, diag, "");
	ck_buf_clear(&list);
}

/* Adds the errors of an option's value. */
static void check_value(struct reader *reader, enum ck_option option, struct ck_str value)
{
	const char *argument = ck_option_infos[option].argument;
	struct ck_str name = spelling(reader->arena, option), text = ck_name_text(reader->arena, value);
	uint64_t number = 0;
	bool is_number = ck_size_read(value, &number);
	if (strchr(argument, '|'))
		check_word(reader, option, value);
	else if (strcmp(argument, "N") == 0 && (!is_number || number == 0 || number > 4096))
		ck_usage_error(reader->diags, reader->options->command, "%.*s wants a number from 1 to 4096, not \"%.*s\"",
			       CK_STR_ARG(name), CK_STR_ARG(text));
	else if (strcmp(argument, "SIZE") == 0 && (!is_number || number == 0))
		ck_usage_error(reader->diags, reader->options->command,
			       "%.*s wants a size in bytes, such as 500M or 2Gi (suffixes K M G Ki Mi Gi), not \"%.*s\"",
			       CK_STR_ARG(name), CK_STR_ARG(text));
	else if (option == CK_OPTION_MEMORY && number < 16 << 20)
		ck_usage_error(reader->diags, reader->options->command, "%.*s is at least 16Mi, not \"%.*s\"", CK_STR_ARG(name),
			       CK_STR_ARG(text));
	else if (strchr(argument, '=') && (ck_str_find(value, '=') == value.n || ck_str_find(value, '=') == 0))
		ck_usage_error(reader->diags, reader->options->command, "%.*s wants %s, not \"%.*s\"", CK_STR_ARG(name), argument,
			       CK_STR_ARG(text));
	else if (argument[0] && value.n == 0)
		ck_usage_error(reader->diags, reader->options->command, "%.*s wants %s, not an empty text", CK_STR_ARG(name), argument);
}

/* `--out`, `--quiet`: the beginning of what an option of one letter is called in the table. */
static bool means_letter(enum ck_option option, struct ck_str word)
{
	const char *id = ck_option_infos[option].id;
	if (ck_option_infos[option].name[0] || word.n < 5 || !ck_str_starts(word, CK_STR("--")))
		return false;
	for (size_t i = 2; i < word.n; i++) {
		if (!id[i - 2] || (word.p[i] ^ id[i - 2]) != ('a' ^ 'A'))
			return false;
	}
	return true;
}

static void unknown_option(struct reader *reader, struct ck_str word)
{
	enum ck_command command = reader->options->command;
	struct ck_diag *diag = ck_usage_error(reader->diags, command, "unknown option %.*s",
					      CK_STR_ARG(ck_name_text(reader->arena, word)));
	struct ck_suggest suggest;
	ck_suggest_init(&suggest, word);
	bool is_prefix = false;
	for (enum ck_option option = 0; option < CK_N_OPTIONS; option++) {
		struct ck_str name = spelling(reader->arena, option);
		if (!ck_option_applies(option, command) && command != CK_N_COMMANDS)
			continue;
		if (means_letter(option, word)) {
			is_prefix = true;
			ck_diag_help(reader->diags, diag, "that is %.*s%s%s", CK_STR_ARG(name), ck_option_infos[option].argument[0] ? " " : "",
				     ck_option_infos[option].argument);
		}
		/* One letter is near to every other. */
		if (name.n > 2)
			ck_suggest_offer(&suggest, name);
		if (word.n > 2 && word.n < name.n && ck_str_starts(name, word)) {
			is_prefix = true;
			ck_diag_help(reader->diags, diag, "options must be spelled out: %.*s", CK_STR_ARG(name));
		}
	}
	if (!is_prefix)
		ck_suggest_help(&suggest, reader->diags, diag, "");
}

/* False, with an error, when the command has no such option: its value is of no interest then. */
static bool check_applies(struct reader *reader, enum ck_option option)
{
	enum ck_command command = reader->options->command;
	if (command == CK_N_COMMANDS || ck_option_applies(option, command))
		return true;
	struct ck_diag *diag = ck_usage_error(reader->diags, command, "`ckmig %s` has no option %.*s", ck_commands[command].name,
					      CK_STR_ARG(spelling(reader->arena, option)));
	ck_diag_note(reader->diags, diag, "it is an option of: %s", ck_option_infos[option].commands);
	return false;
}

/* Takes one option; value is what followed its "=" (p is NULL: nothing), else the next word of the command line. */
static void take_option(struct reader *reader, enum ck_option option, struct ck_str value)
{
	struct ck_options *options = reader->options;
	const char *argument = ck_option_infos[option].argument;
	struct ck_str name = spelling(reader->arena, option);
	bool applies = check_applies(reader, option), ends = reader->at == reader->argc;
	if (applies && !argument[0] && value.p) {
		ck_usage_error(reader->diags, options->command, "%.*s takes no value", CK_STR_ARG(name));
		return;
	}
	if (argument[0] && !value.p) {
		if (applies && ends) {
			ck_usage_error(reader->diags, options->command, "%.*s wants %s after it", CK_STR_ARG(name), argument);
			return;
		}
		if (!ends)
			value = ck_str(reader->argv[reader->at++]);
	}
	if (!applies)
		return;
	if (argument[0] && !strchr(argument, '=') && ck_option_given(options, option)) {
		ck_usage_error(reader->diags, options->command, "%.*s is given twice", CK_STR_ARG(name));
		return;
	}
	options->given[options->n_given++] = (struct ck_given){option, value};
}

static void take_long(struct reader *reader, struct ck_str word)
{
	size_t equals = ck_str_find(word, '=');
	struct ck_str name = ck_str_slice(word, 2, equals), value = {NULL, 0};
	if (equals < word.n)
		value = (struct ck_str){word.p + equals + 1, word.n - equals - 1};
	for (enum ck_option option = 0; option < CK_N_OPTIONS; option++) {
		if (name.n && ck_str_equal(name, ck_str(ck_option_infos[option].name))) {
			take_option(reader, option, value);
			return;
		}
	}
	unknown_option(reader, ck_str_slice(word, 0, equals));
}

/* "-qv", "-oOUT", "-o OUT". */
static void take_letters(struct reader *reader, struct ck_str word)
{
	for (size_t i = 1; i < word.n; i++) {
		enum ck_option option = 0;
		while (option < CK_N_OPTIONS && ck_option_infos[option].letter != word.p[i])
			option++;
		if (option == CK_N_OPTIONS) {
			unknown_option(reader, i == 1 ? word : ck_str_format(reader->arena, "-%c", word.p[i]));
			return;
		}
		bool wants = ck_option_infos[option].argument[0] != '\0';
		bool attached = wants && i + 1 < word.n;
		take_option(reader, option, attached ? ck_str(word.p + i + 1) : (struct ck_str){NULL, 0});
		if (wants)
			return;
	}
}

/* The first operand of argv is the command; options are skipped as take_*() would take them. */
static enum ck_command find_command(struct reader *reader, int *ret_at)
{
	bool ended = false;
	for (int i = 1; i < reader->argc; i++) {
		struct ck_str word = ck_str(reader->argv[i]);
		*ret_at = i;
		if (ck_str_equal(word, CK_STR("--")) && !ended) {
			ended = true;
			continue;
		}
		if (word.n > 1 && word.p[0] == '-' && !ended) {
			for (enum ck_option option = 0; option < CK_N_OPTIONS; option++) {
				if (ck_option_infos[option].argument[0] && ck_str_equal(word, spelling(reader->arena, option)))
					i++;
			}
			continue;
		}
		for (enum ck_command command = 0; command < CK_N_COMMANDS; command++) {
			if (ck_str_equal(word, ck_str(ck_commands[command].name)))
				return command;
		}
		struct ck_diag *diag = ck_usage_error(reader->diags, CK_N_COMMANDS, "there is no command \"%.*s\"",
						      CK_STR_ARG(ck_name_text(reader->arena, word)));
		struct ck_suggest suggest;
		ck_suggest_init(&suggest, word);
		for (enum ck_command command = 0; command < CK_N_COMMANDS; command++)
			ck_suggest_offer(&suggest, ck_str(ck_commands[command].name));
		ck_suggest_help(&suggest, reader->diags, diag, "");
		return CK_N_COMMANDS;
	}
	*ret_at = 0;
	return CK_N_COMMANDS;
}

static void check_operands(struct reader *reader)
{
	const struct ck_options *options = reader->options;
	if (options->command == CK_N_COMMANDS) {
		ck_usage_error(reader->diags, CK_N_COMMANDS, "no command is given");
		return;
	}
	const struct ck_command_info *info = &ck_commands[options->command];
	if (!info->available) {
		ck_not_available(reader->diags, "`ckmig %s` (%s)", info->name, info->summary);
		return;
	}
	if (options->n_operands < info->least)
		ck_usage_error(reader->diags, options->command, "`ckmig %s` wants %s%zu operand%s, and %zu %s given", info->name,
			       info->least == info->most ? "" : "at least ", info->least, info->least == 1 ? "" : "s",
			       options->n_operands, options->n_operands == 1 ? "is" : "are");
	if (options->n_operands > info->most)
		ck_usage_error(reader->diags, options->command, "`ckmig %s` has no use for the operand \"%.*s\"", info->name,
			       CK_STR_ARG(ck_name_text(reader->arena, options->operands[info->most])));
}

static void read_words(struct reader *reader, int command_at)
{
	struct ck_options *options = reader->options;
	bool ended = false;
	for (reader->at = 1; reader->at < reader->argc;) {
		struct ck_str word = ck_str(reader->argv[reader->at++]);
		if (reader->at - 1 == command_at)
			continue;
		if (!ended && ck_str_equal(word, CK_STR("--")))
			ended = true;
		else if (ended || word.n < 2 || word.p[0] != '-')
			options->operands[options->n_operands++] = word;
		else if (word.p[1] == '-')
			take_long(reader, word);
		else
			take_letters(reader, word);
	}
}

enum ck_code ck_options_parse(int argc, char **argv, struct ck_arena *arena, struct ck_diags *diags, struct ck_options *options)
{
	size_t room = (size_t)argc + 1, n_letters = 0;
	for (int i = 1; i < argc; i++)
		n_letters += strlen(argv[i]) + 1;
	*options = (struct ck_options){.command = CK_N_COMMANDS};
	options->operands = ck_arena_array(arena, room, sizeof(*options->operands));
	options->given = ck_arena_array(arena, room + n_letters, sizeof(*options->given));
	if (!options->operands || !options->given)
		return ck_error_nomem(diags);
	struct reader reader = {arena, diags, options, argv, argc, 1};
	int command_at = 0;
	options->command = find_command(&reader, &command_at);
	read_words(&reader, command_at);
	bool asks = ck_option_given(options, CK_OPTION_HELP) || ck_option_given(options, CK_OPTION_VERSION);
	for (size_t i = 0; i < options->n_given; i++)
		check_value(&reader, options->given[i].option, options->given[i].value);
	/* What follows an option that is not known may be its value: operands are counted only when the options are right. */
	if (!asks && diags->n_errors == 0)
		check_operands(&reader);
	return diags->first_error;
}
