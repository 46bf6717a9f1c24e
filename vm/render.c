/* Templates become names. */
#include "vm/name.h"

/* A name being written. */
struct writer {
	struct ck_env *env;
	struct ck_buf text;
	bool drop_slash;	/* an empty `**` was written: if a slash comes next it goes with it */
};

CK_PRINTF(2, 3) static enum ck_code fail(struct ck_env *env, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	env->message = ck_str_vformat(env->arena, format, args);
	va_end(args);
	return ck_arena_failed(env->arena) ? CK_NOMEM : CK_BAD_TEMPLATE;
}

static void write_text(struct writer *writer, struct ck_str text)
{
	if (text.n && writer->drop_slash) {
		if (text.p[0] == '/')
			text = ck_str_slice(text, 1, text.n);
		writer->drop_slash = false;
	}
	ck_buf_str(&writer->text, text);
}

/* A `**` that is empty takes a slash with it: the one before, else the one behind. */
static void write_starstar(struct writer *writer, struct ck_str text)
{
	if (text.n)
		write_text(writer, text);
	else if (writer->text.n && writer->text.p[writer->text.n - 1] == '/')
		writer->text.n--;
	else
		writer->drop_slash = true;
}

/* Digits with zeros in front up to a width, or as TensorFlow numbers: 0 is nothing, 12 is _12. */
static void write_digits(struct writer *writer, struct ck_str digits, const Ck__Plan__Part *part)
{
	size_t n_zeros = 0;

	while (n_zeros + 1 < digits.n && digits.p[n_zeros] == '0')
		n_zeros++;
	digits = ck_str_slice(digits, n_zeros, digits.n);
	if (part->uniq) {
		if (ck_str_equal(digits, CK_STR("0")))
			return;
		write_text(writer, CK_STR("_"));
	}
	for (size_t i = digits.n; i < part->width; i++)
		write_text(writer, CK_STR("0"));
	write_text(writer, digits);
}

static enum ck_code write_number(struct writer *writer, int64_t number, const Ck__Plan__Part *part)
{
	struct ck_str text = ck_str_format(writer->env->arena, "%lld", (long long)number);

	if (!text.p)
		return CK_NOMEM;
	if (number < 0 && part->uniq)
		return fail(writer->env, "%lld cannot be written as TensorFlow numbers: they count from 0", (long long)number);
	if (number < 0) {
		write_text(writer, CK_STR("-"));
		text = ck_str_slice(text, 1, text.n);
	}
	write_digits(writer, text, part);
	return CK_OK;
}

static enum ck_code write_local(struct writer *writer, const Ck__Plan__Part *part)
{
	struct ck_env *env = writer->env;
	bool formatted = part->width || part->uniq;
	const struct ck_binding *binding;
	const Ck__Plan__Local *local;

	if (part->local >= env->n_locals)
		return fail(env, "local %u of %zu", part->local, env->n_locals);
	local = env->locals[part->local];
	binding = &env->bindings[part->local];
	if (!binding->set)
		return fail(env, "`%.*s` has no value here", CK_STR_ARG(ck_name_text(env->arena, ck_str_of(local->name))));
	if (local->kind == CK_LOCAL_INDEX || local->kind == CK_LOCAL_DIM)
		return write_number(writer, binding->number, part);
	if (formatted && local->kind != CK_LOCAL_INT && local->kind != CK_LOCAL_UNIQ)
		return fail(env, "`%.*s` is no number and has no format", CK_STR_ARG(ck_name_text(env->arena, ck_str_of(local->name))));
	/* As digits: numbers may have more than 64 bits. */
	if (formatted && local->kind == CK_LOCAL_UNIQ)
		write_digits(writer, binding->text.n ? ck_str_slice(binding->text, 1, binding->text.n) : CK_STR("0"), part);
	else if (formatted)
		write_digits(writer, binding->text, part);
	else if (local->kind == CK_LOCAL_STARSTAR)
		write_starstar(writer, binding->text);
	else
		write_text(writer, binding->text);
	return CK_OK;
}

static enum ck_code write_choice(struct writer *writer, const Ck__Plan__Part *part)
{
	struct ck_env *env = writer->env;

	if (part->local >= env->n_locals || !env->bindings[part->local].set ||
	    env->bindings[part->local].alternative >= part->n_alternatives)
		return fail(env, "an alternation of the target has no value here");
	write_text(writer, ck_str_of(part->alternatives[env->bindings[part->local].alternative]));
	return CK_OK;
}

static enum ck_code write_expr(struct writer *writer, const Ck__Plan__Part *part)
{
	struct ck_env *env = writer->env;
	struct ck_value value;
	enum ck_code code = ck_expr_eval(part->expr, env, &value);

	if (code != CK_OK)
		return code == CK_NOMEM ? CK_NOMEM : CK_BAD_TEMPLATE;
	if (value.unknown)
		return fail(env, "a part of the name is not known here");
	if (value.kind == CK_EXPR_INT)
		return write_number(writer, value.integer, part);
	if (value.kind != CK_EXPR_TEXT || part->kind != CK_PART_TEXT)
		return fail(env, "a name is made of integers and text, not of %s", value.kind == CK_EXPR_FLOAT ? "floats" : "other values");
	write_text(writer, value.text);
	return CK_OK;
}

static enum ck_code write_part(struct writer *writer, const Ck__Plan__Part *part)
{
	switch ((enum ck_part_kind)part->kind) {
	case CK_PART_LITERAL:
		write_text(writer, ck_str_of(part->text));
		return CK_OK;
	case CK_PART_LOCAL:
		return write_local(writer, part);
	case CK_PART_CHOICE:
		return write_choice(writer, part);
	case CK_PART_NUMBER:
	case CK_PART_TEXT:
		return write_expr(writer, part);
	}
	return fail(writer->env, "a part of kind %u in a template", part->kind);
}

static enum ck_code refuse_empty(struct ck_env *env)
{
	enum ck_code code = fail(env, "the template makes an empty name here");

	env->help = CK_STR("what it is made of may be empty: write text beside it, or a capture {x}, which holds a character at least");
	return code;
}

static enum ck_code render(Ck__Plan__Part *const *parts, size_t n_parts, struct ck_env *env, struct ck_str *ret_text)
{
	struct writer writer = { .env = env };
	enum ck_code code = CK_OK;

	for (size_t i = 0; i < n_parts && code == CK_OK; i++)
		code = write_part(&writer, parts[i]);
	if (code == CK_OK) {
		*ret_text = ck_str_copy(env->arena, ck_buf_view(&writer.text));
		if (writer.text.failed || !ret_text->p)
			code = CK_NOMEM;
		else if (!ret_text->n)
			code = refuse_empty(env);
		else if (ret_text->n > CK_MAX_NAME)
			code = fail(env, "the template makes a name of %zu bytes; %d are allowed", ret_text->n, CK_MAX_NAME);
	}
	ck_buf_clear(&writer.text);
	return code;
}

enum ck_code ck_template_render(const Ck__Plan__Name *name, struct ck_env *env, struct ck_str *ret_name, struct ck_str *ret_slot)
{
	struct ck_str text = { 0 }, slot = { 0 };
	enum ck_code code;

	env->message = env->help = (struct ck_str){ 0 };
	code = render(name->parts, name->n_parts, env, &text);
	if (code == CK_OK && name->has_slot)
		code = render(name->slot, name->n_slot, env, &slot);
	if (code != CK_OK)
		return code;
	*ret_name = text;
	*ret_slot = slot;
	return CK_OK;
}
