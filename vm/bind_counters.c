/*
 * Counters and hyperparameters that optimizers keep beside their slots are moved by rules like other variables; people who change
 * generations want to be told which is which.
 */
#include "vm/bind_internal.h"

enum { MAX_TOLD = 8 };	/* counters of one message; more is no help */

enum ck_counter ck_counter_of(const struct ck_subjects *subjects, size_t variable)
{
	return ck_counter_find(subjects->manifest, &subjects->manifest->variables[variable]);
}

/* ---- the one of the other checkpoint that means the same */

static struct ck_str optimizer_path(struct ck_str name)
{
	return ck_str_slice(name, 0, name.n - ck_counter_segment(name, false).n);
}

/* Of several the one in an optimizer of the same path, else one that no statement has read, else the first. SIZE_MAX: none. */
static size_t find_same(const struct ck_subjects *subjects, enum ck_counter meaning, struct ck_str like)
{
	size_t found = SIZE_MAX;
	int best = -1;

	for (size_t i = 0; i < subjects->n; i++) {
		int score;

		if (ck_counter_of(subjects, i) != meaning)
			continue;
		score = 2 * ck_str_equal(optimizer_path(subjects->items[i].name), optimizer_path(like)) + !subjects->claims[i];
		if (score > best) {
			best = score;
			found = i;
		}
	}
	return found;
}

/* What a message has told so far: the source's counters that its statements read. */
struct told {
	size_t read[3 * MAX_TOLD];
	size_t n;
};

/* `also`, where another statement reads it too. */
static const char *also_of(const struct ck_binder *binder, struct told *told, size_t variable)
{
	for (size_t i = 0; i < told->n; i++)
		if (told->read[i] == variable)
			return "also ";
	if (told->n < CK_COUNT(told->read))
		told->read[told->n++] = variable;
	for (const struct ck_claim *claim = binder->inputs[CK_INPUT_SOURCE].claims[variable]; claim; claim = claim->next)
		if (binder->code->rules[claim->rule]->kind == CK_RULE_MAP)
			return "also ";
	return "";
}

/* A statement that makes the template's counter of the source's; pipe: what is between them. */
static void help_map(struct ck_binder *binder, struct ck_diag *diag, struct told *told, size_t from, const char *pipe, size_t to)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE], *template = &binder->inputs[CK_INPUT_TEMPLATE];
	struct ck_arena *arena = binder->diags->arena;
	struct ck_str cast = CK_STR("");

	if (!pipe[0] && source->items[from].type.dtype != template->items[to].type.dtype)
		cast = ck_str_format(arena, " | cast(%s)", ck_dtype_name(template->items[to].type.dtype));
	ck_diag_help(binder->diags, diag, "map %s\"%.*s\"%s%.*s -> \"%.*s\"", also_of(binder, told, from),
		     CK_STR_ARG(ck_name_text(arena, source->items[from].name)), pipe, CK_STR_ARG(cast),
		     CK_STR_ARG(ck_name_text(arena, template->items[to].name)));
}

/* beta^(steps + 1), with the logarithms of beta_1 = 0.9 and beta_2 = 0.999 as f32 has them. */
const char *ck_counter_power(enum ck_counter meaning)
{
	if (ck_op_info(CK_OP_EXP)->state != CK_STATE_NOW)
		return NULL;
	return meaning == CK_COUNTER_POWER_1 ? " | cast(f64) | shift(1) | scale(-0.10536054) | exp | cast(f32)"
					     : " | cast(f64) | shift(1) | scale(-0.0010004874) | exp | cast(f32)";
}

static void help_power(struct ck_binder *binder, struct ck_diag *diag, struct told *told, size_t steps, enum ck_counter meaning, size_t to)
{
	bool first = meaning == CK_COUNTER_POWER_1;

	if (ck_counter_power(meaning)) {
		help_map(binder, diag, told, steps, ck_counter_power(meaning), to);
		ck_diag_note(binder->diags, diag, first ? "beta1_power is beta_1 to the power of steps + 1: exp((steps + 1) log(beta_1)), here for beta_1 = 0.9"
							: "beta2_power is beta_2 to the power of steps + 1, here for beta_2 = 0.999");
		return;
	}
	ck_diag_help(binder->diags, diag, "%s to the power of steps + 1, which `ckmig show` tells of \"%.*s\": new \"%.*s\" = const(...)",
		     first ? "beta_1" : "beta_2", CK_STR_ARG(ck_bind_label_text(binder, CK_INPUT_SOURCE, steps)),
		     CK_STR_ARG(ck_name_text(binder->diags->arena, binder->inputs[CK_INPUT_TEMPLATE].items[to].name)));
}

static void help_steps_of_power(struct ck_binder *binder, struct ck_diag *diag, struct told *told, size_t power, size_t to)
{
	if (ck_op_info(CK_OP_LOG)->state != CK_STATE_NOW) {
		ck_diag_help(binder->diags, diag, "\"%.*s\" is beta_2 to the power of steps + 1: new \"%.*s\" = const(...)",
			     CK_STR_ARG(ck_bind_label_text(binder, CK_INPUT_SOURCE, power)),
			     CK_STR_ARG(ck_name_text(binder->diags->arena, binder->inputs[CK_INPUT_TEMPLATE].items[to].name)));
		return;
	}
	help_map(binder, diag, told, power, " | cast(f64) | log | scale(-999.51279) | shift(-0.5) | cast(i64)", to);
	ck_diag_note(binder->diags, diag, "beta2_power is beta_2 to the power of steps + 1, here for beta_2 = 0.999");
}

/* False if the source has nothing that the template's counter could be made of. */
static bool help_counter(struct ck_binder *binder, struct ck_diag *diag, struct told *told, size_t to)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE], *template = &binder->inputs[CK_INPUT_TEMPLATE];
	enum ck_counter meaning = ck_counter_of(template, to);
	struct ck_str like = template->items[to].name;
	size_t same = meaning == CK_COUNTER_OTHER ? SIZE_MAX : find_same(source, meaning, like), other;

	if (same != SIZE_MAX) {
		help_map(binder, diag, told, same, "", to);
		return true;
	}
	if (meaning == CK_COUNTER_POWER_1 || meaning == CK_COUNTER_POWER_2) {
		other = find_same(source, CK_COUNTER_STEPS, like);
		if (other != SIZE_MAX)
			help_power(binder, diag, told, other, meaning, to);
		return other != SIZE_MAX;
	}
	if (meaning == CK_COUNTER_STEPS) {
		other = find_same(source, CK_COUNTER_POWER_2, like);
		if (other != SIZE_MAX)
			help_steps_of_power(binder, diag, told, other, to);
		return other != SIZE_MAX;
	}
	return false;
}

/* "optimizer/{beta_1,decay}" of names that differ in the last segment only, else the first of them; in the arena of the sink. */
static struct ck_str alternation(struct ck_binder *binder, const struct ck_subjects *subjects, const size_t *variables, size_t n)
{
	struct ck_str first = subjects->items[variables[0]].name, prefix = optimizer_path(first), text;
	struct ck_buf buf = { 0 };
	bool alike = n > 1;

	for (size_t i = 1; i < n; i++)
		alike = alike && ck_str_equal(optimizer_path(subjects->items[variables[i]].name), prefix);
	if (!alike)
		return ck_name_text(binder->diags->arena, first);
	ck_buf_name(&buf, prefix);
	for (size_t i = 0; i < n; i++) {
		struct ck_str name = subjects->items[variables[i]].name;

		ck_buf_char(&buf, i ? ',' : '{');
		ck_buf_name(&buf, ck_str_slice(name, prefix.n, name.n));
	}
	ck_buf_char(&buf, '}');
	text = ck_str_copy(binder->diags->arena, ck_buf_view(&buf));
	ck_buf_clear(&buf);
	return text.p ? text : CK_STR("");
}

void ck_counters_unmade(struct ck_binder *binder, struct ck_diag *diag, const size_t *variables, size_t n)
{
	const struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE];
	size_t others[MAX_TOLD], n_others = 0;
	struct told told = { .n = 0 };
	struct ck_str names;

	for (size_t i = 0, n_told = 0; i < n && n_told < MAX_TOLD; i++) {
		if (ck_counter_of(template, variables[i]) == CK_COUNTER_NONE)
			continue;
		n_told++;
		if (!help_counter(binder, diag, &told, variables[i]))
			others[n_others++] = variables[i];
	}
	if (!n_others)
		return;
	names = alternation(binder, template, others, n_others);
	ck_diag_help(binder->diags, diag, "what the source has no value for comes from the new model%s: new \"%.*s\" = template",
		     names.n && names.p[names.n - 1] == '}' ? ", each by a statement of its own, or at once" : "", CK_STR_ARG(names));
}

void ck_counters_left(struct ck_binder *binder, struct ck_diag *diag, const size_t *variables, size_t n, bool tell_places)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE], *template = &binder->inputs[CK_INPUT_TEMPLATE];
	size_t useless[MAX_TOLD], n_useless = 0;
	struct told told = { .n = 0 };

	for (size_t i = 0; i < n && n_useless < MAX_TOLD && template->given; i++) {
		enum ck_counter meaning = ck_counter_of(source, variables[i]);
		size_t place = meaning == CK_COUNTER_NONE || meaning == CK_COUNTER_OTHER ? SIZE_MAX
											 : find_same(template, meaning, source->items[variables[i]].name);

		if (place != SIZE_MAX && tell_places)
			help_map(binder, diag, &told, variables[i], "", place);
		else if (meaning != CK_COUNTER_NONE && place == SIZE_MAX)
			useless[n_useless++] = variables[i];
	}
	if (n_useless)
		ck_diag_help(binder->diags, diag, "the new optimizer keeps no such variable%s: drop \"%.*s\" because \"...\"", n_useless == 1 ? "" : "s",
			     CK_STR_ARG(alternation(binder, source, useless, n_useless)));
}
