#include "bundle/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_STATE = 64 << 20, MAX_NUMBER = 64 };

/* Text protobuf: fields, separated by white space, commas or semicolons; comments from # to the end of the line. */
struct scanner {
	struct ck_str text;
	size_t at;
	struct ck_arena *arena;
	bool no_memory;
};

static void skip(struct scanner *scanner, const char *blanks, size_t n_blanks)
{
	for (; scanner->at < scanner->text.n; scanner->at++) {
		char c = scanner->text.p[scanner->at];
		if (c == '#') {
			struct ck_str rest = ck_str_slice(scanner->text, scanner->at, scanner->text.n);
			scanner->at += ck_str_find(rest, '\n');
			if (scanner->at == scanner->text.n)
				return;
		} else if (!memchr(blanks, c, n_blanks)) {
			return;
		}
	}
}

static void skip_space(struct scanner *scanner)
{
	skip(scanner, " \t\r\n,;", 6);
}

/* The next character after white space; NUL at the end. */
static char peek(struct scanner *scanner)
{
	skip_space(scanner);
	return scanner->at < scanner->text.n ? scanner->text.p[scanner->at] : '\0';
}

static bool accept(struct scanner *scanner, char c)
{
	bool there = scanner->at < scanner->text.n && peek(scanner) == c;
	scanner->at += there;
	return there;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("_.+-", c));
}

/* A name or a number; empty when there is none. */
static struct ck_str take_word(struct scanner *scanner)
{
	skip_space(scanner);
	size_t begin = scanner->at;
	while (scanner->at < scanner->text.n && is_word(scanner->text.p[scanner->at]))
		scanner->at++;
	return ck_str_slice(scanner->text, begin, scanner->at);
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Up to `most` digits of a number base, from *in on; false when there is none. */
static bool take_digits(struct ck_str *in, int base, int most, unsigned *ret_value)
{
	unsigned value = 0;
	int n = 0;
	for (; n < most && in->n && digit_of(in->p[0]) < base; n++) {
		value = value * (unsigned)base + (unsigned)digit_of(in->p[0]);
		*in = ck_str_slice(*in, 1, in->n);
	}
	*ret_value = value;
	return n > 0;
}

/* What follows a backslash. */
static bool take_escape(struct ck_str *in, struct ck_buf *out)
{
	static const char from[] = "nrtabfv\\'\"?", to[] = "\n\r\t\a\b\f\v\\'\"?";
	unsigned value;
	if (in->n == 0)
		return false;
	const char *simple = memchr(from, in->p[0], sizeof(from) - 1);
	if (simple) {
		ck_buf_char(out, to[simple - from]);
		*in = ck_str_slice(*in, 1, in->n);
		return true;
	}
	bool is_hex = in->p[0] == 'x' || in->p[0] == 'X';
	if (is_hex)
		*in = ck_str_slice(*in, 1, in->n);
	bool good = is_hex ? take_digits(in, 16, 2, &value) : take_digits(in, 8, 3, &value);
	ck_buf_char(out, (char)(unsigned char)value);
	return good && value <= 0xff;
}

static bool at_quote(const struct scanner *scanner)
{
	return scanner->at < scanner->text.n && (scanner->text.p[scanner->at] == '"' || scanner->text.p[scanner->at] == '\'');
}

/* One or more strings, which are joined; in the arena, without NULs. */
static bool take_string(struct scanner *scanner, struct ck_str *ret_string)
{
	struct ck_buf out = {0};
	skip_space(scanner);
	bool good = at_quote(scanner);
	while (good && at_quote(scanner)) {
		char quote = scanner->text.p[scanner->at++];
		struct ck_str in = ck_str_slice(scanner->text, scanner->at, scanner->text.n);
		while (good && in.n && in.p[0] != quote && in.p[0] != '\n') {
			char c = in.p[0];
			in = ck_str_slice(in, 1, in.n);
			if (c == '\\')
				good = take_escape(&in, &out);
			else
				ck_buf_char(&out, c);
		}
		good = good && in.n && in.p[0] == quote;
		scanner->at = scanner->text.n - in.n + good;
		skip(scanner, " \t\r\n", 4);	/* a comma would separate two values */
	}
	good = good && !(out.n && memchr(out.p, '\0', out.n));
	struct ck_str copy = ck_str_copy(scanner->arena, ck_buf_view(&out));
	scanner->no_memory |= out.failed || !copy.p;
	ck_buf_clear(&out);
	*ret_string = copy;
	return good;
}

static bool take_number(struct scanner *scanner, double *ret_number)
{
	char text[MAX_NUMBER], *end;
	struct ck_str word = take_word(scanner);
	if (word.n == 0 || word.n >= sizeof(text))
		return false;
	memcpy(text, word.p, word.n);
	text[word.n] = '\0';
	*ret_number = strtod(text, &end);
	return end == text + word.n || (strcmp(end, "f") == 0 && end > text);
}

/* Skips the value of a field that is not known: a scalar, strings, a list or a message. */
static bool skip_value(struct scanner *scanner)
{
	struct ck_str string;
	size_t depth = 0;
	do {
		char c = peek(scanner);
		if (c == '{' || c == '<' || c == '[') {
			depth++;
			scanner->at++;
		} else if (c == '}' || c == '>' || c == ']') {
			if (depth == 0)
				return false;
			depth--;
			scanner->at++;
		} else if (c == '"' || c == '\'') {
			if (!take_string(scanner, &string))
				return false;
		} else if (depth && c == ':') {
			scanner->at++;
		} else if (take_word(scanner).n == 0) {
			return false;
		}
	} while (depth);
	return true;
}

/* Arrays on their way, in the arena of the state. */
struct parser {
	struct scanner scanner;
	struct ck_state *state;
	size_t paths_capacity, timestamps_capacity;
	struct ck_buf unknown;
};

static bool add_path(struct parser *parser)
{
	struct ck_state *state = parser->state;
	struct ck_str path;
	if (!take_string(&parser->scanner, &path))
		return false;
	if (!ck_arena_grow(parser->scanner.arena, (void **)&state->all_paths, state->n_paths, &parser->paths_capacity, sizeof(path))) {
		parser->scanner.no_memory = true;
		return false;
	}
	state->all_paths[state->n_paths++] = path;
	return true;
}

static bool add_timestamp(struct parser *parser)
{
	struct ck_state *state = parser->state;
	double number;
	if (!take_number(&parser->scanner, &number))
		return false;
	if (!ck_arena_grow(parser->scanner.arena, (void **)&state->timestamps, state->n_timestamps, &parser->timestamps_capacity,
			   sizeof(number))) {
		parser->scanner.no_memory = true;
		return false;
	}
	state->timestamps[state->n_timestamps++] = number;
	return true;
}

static bool set_path(struct parser *parser)
{
	return take_string(&parser->scanner, &parser->state->model_path);
}

static bool set_preserved(struct parser *parser)
{
	parser->state->has_last_preserved = true;
	return take_number(&parser->scanner, &parser->state->last_preserved);
}

static const struct {
	const char *name;
	bool (*take)(struct parser *parser);
	bool repeated;
} fields[] = {
	{"model_checkpoint_path", set_path, false},
	{"all_model_checkpoint_paths", add_path, true},
	{"all_model_checkpoint_timestamps", add_timestamp, true},
	{"last_preserved_timestamp", set_preserved, false},
};

static bool take_field(struct parser *parser)
{
	struct scanner *scanner = &parser->scanner;
	size_t begin = scanner->at;
	struct ck_str name = take_word(scanner);
	bool has_colon = name.n && accept(scanner, ':');
	for (size_t i = 0; i < CK_COUNT(fields); i++) {
		if (!ck_str_equal(name, ck_str(fields[i].name)))
			continue;
		if (!has_colon)
			return false;
		if (!fields[i].repeated || !accept(scanner, '['))
			return fields[i].take(parser);
		while (peek(scanner) != ']') {
			if (!fields[i].take(parser))
				return false;
		}
		return accept(scanner, ']');
	}
	if (name.n == 0 || (!has_colon && peek(scanner) != '{' && peek(scanner) != '<') || !skip_value(scanner))
		return false;
	ck_buf_str(&parser->unknown, ck_str_slice(scanner->text, begin, scanner->at));
	ck_buf_char(&parser->unknown, '\n');
	return true;
}

static enum ck_code parse(struct ck_str text, struct ck_str path, struct ck_arena *arena, struct ck_diags *diags, struct ck_state *state)
{
	struct parser parser = {.scanner = {.text = text, .arena = arena}, .state = state};
	bool good = true;
	while (good && (skip_space(&parser.scanner), parser.scanner.at < text.n))
		good = take_field(&parser);
	state->unknown = ck_str_copy(arena, ck_buf_view(&parser.unknown));
	bool no_memory = parser.scanner.no_memory || parser.unknown.failed || !state->unknown.p;
	ck_buf_clear(&parser.unknown);
	if (no_memory)
		return ck_error_nomem(diags);
	bool matches = state->n_timestamps == 0 || state->n_timestamps == state->n_paths;
	if (good && matches)
		return CK_OK;
	size_t line = 1;
	for (size_t i = 0; i < parser.scanner.at && i < text.n; i++)
		line += text.p[i] == '\n';
	struct ck_str name = ck_name_text(diags->arena, path);
	struct ck_diag *diag;
	if (good)
		diag = ck_error(diags, CK_BAD_STATE, (struct ck_span){0}, "the state file \"%.*s\" has %zu paths, but %zu timestamps",
				CK_STR_ARG(name), state->n_paths, state->n_timestamps);
	else
		diag = ck_error(diags, CK_BAD_STATE, (struct ck_span){0}, "the state file \"%.*s\" cannot be read at line %zu",
				CK_STR_ARG(name), line);
	ck_diag_help(diags, diag, "name a checkpoint by its prefix, and mend or remove the state file");
	return CK_BAD_STATE;
}

enum ck_code ck_state_read(struct ck_str dir, struct ck_arena *arena, struct ck_diags *diags, struct ck_state **ret_state)
{
	struct ck_str path = ck_path_join(arena, dir, CK_STR("checkpoint")), text;
	struct ck_state *state = ck_arena_alloc(arena, sizeof(*state));
	struct ck_stat found;
	if (!path.p || !state)
		return ck_error_nomem(diags);
	if (!ck_stat_path(path.p, &found))
		return ck_error_io(diags, "look at", path);
	if (!found.is_file) {
		*ret_state = NULL;
		return CK_OK;
	}
	if (!ck_read_file(path.p, MAX_STATE, arena, &text))
		return ck_error_io(diags, "read", path);
	enum ck_code code = parse(text, path, arena, diags, state);
	if (!code)
		*ret_state = state;
	return code;
}

/* As Python's text_format writes strings, which TensorFlow uses. */
static void put_string(struct ck_buf *out, const char *field, struct ck_str text)
{
	static const char special[] = "\n\r\t\"'\\", letters[] = "nrt\"'\\";
	ck_buf_printf(out, "%s: \"", field);
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		const char *at = memchr(special, c, sizeof(special) - 1);
		if (at)
			ck_buf_printf(out, "\\%c", letters[at - special]);
		else if (c < 0x20 || c >= 0x7f)
			ck_buf_printf(out, "\\%03o", c);
		else
			ck_buf_char(out, (char)c);
	}
	ck_buf_printf(out, "\"\n");
}

/* The shortest digits that read back as the same number, with a point. */
static void put_number(struct ck_buf *out, const char *field, double number)
{
	char text[MAX_NUMBER];
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	ck_buf_printf(out, "%s: %s%s\n", field, text, strpbrk(text, ".en") ? "" : ".0");
}

static void encode(const struct ck_state *state, struct ck_buf *out)
{
	put_string(out, "model_checkpoint_path", state->model_path);
	for (size_t i = 0; i < state->n_paths; i++)
		put_string(out, "all_model_checkpoint_paths", state->all_paths[i]);
	for (size_t i = 0; i < state->n_timestamps; i++)
		put_number(out, "all_model_checkpoint_timestamps", state->timestamps[i]);
	if (state->has_last_preserved)
		put_number(out, "last_preserved_timestamp", state->last_preserved);
	ck_buf_str(out, state->unknown);
}

/* Takes the entry of this name out, and puts it at the end. */
static bool move_to_end(struct ck_state *state, struct ck_str base, struct ck_str whole, double now, struct ck_arena *arena)
{
	struct ck_str *paths = ck_arena_array(arena, state->n_paths + 1, sizeof(*paths));
	double *timestamps = ck_arena_array(arena, state->n_paths + 1, sizeof(*timestamps));
	bool has_timestamps = state->n_timestamps > 0;
	size_t n = 0;
	if (!paths || !timestamps)
		return false;
	for (size_t i = 0; i < state->n_paths; i++) {
		if (ck_str_equal(state->all_paths[i], base) || ck_str_equal(state->all_paths[i], whole))
			continue;
		timestamps[n] = has_timestamps ? state->timestamps[i] : 0;
		paths[n++] = state->all_paths[i];
	}
	timestamps[n] = now;
	paths[n++] = base;
	state->model_path = base;
	state->all_paths = paths;
	state->timestamps = timestamps;
	state->n_paths = n;
	state->n_timestamps = has_timestamps ? n : 0;
	return true;
}

enum ck_code ck_state_update(struct ck_str dir, struct ck_str base, double now, bool sync, struct ck_diags *diags)
{
	struct ck_arena *arena = ck_arena_new((size_t)8 * MAX_STATE);
	struct ck_state *state = NULL, fresh = {0};
	struct ck_buf text = {0};
	if (!arena)
		return ck_error_nomem(diags);
	enum ck_code code = ck_state_read(dir, arena, diags, &state);
	struct ck_str path = ck_path_join(arena, dir, CK_STR("checkpoint")), whole = ck_path_join(arena, dir, base);
	if (!state)
		state = &fresh;
	if (!code && (!path.p || !whole.p || !move_to_end(state, base, whole, now, arena)))
		code = ck_error_nomem(diags);
	if (!code) {
		encode(state, &text);
		if (text.failed)
			code = ck_error_nomem(diags);
		else if (!ck_write_file(path.p, ck_buf_view(&text), sync))
			code = ck_error_io(diags, "write", path);
	}
	ck_buf_clear(&text);
	ck_arena_free(arena);
	return code;
}
