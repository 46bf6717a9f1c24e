/* The layout of the output: targets in the order of their keys, every byte in its place; what the migration costs and loses. */
#include "vm/bind_internal.h"

#include <stdlib.h>

#include "bundle/data.h"

/* ---- sizes */

uint64_t ck_type_n_bytes(const struct ck_type *type)
{
	uint64_t n = ck_dtype_width(type->dtype);
	bool fits = true;

	for (int i = 0; i < type->rank; i++)
		if (type->dims[i] == 0)
			return 0;
	for (int i = 0; i < type->rank && fits; i++)
		fits = ck_mul(n, (uint64_t)type->dims[i], &n);
	return fits && n <= INT64_MAX ? n : UINT64_MAX;
}

/* Elements, as many as a dtype of one byte has bytes. */
static uint64_t n_elements(const struct ck_type *type)
{
	const struct ck_type bytes = { CK_DT_U8, type->rank, type->dims };

	return ck_type_n_bytes(&bytes);
}

static bool too_large(struct ck_binder *binder, const struct ck_made *made)
{
	struct ck_unit *unit = made->rule == SIZE_MAX ? NULL : &binder->units[made->rule];
	struct ck_span span = unit ? ck_plan_goal_span(binder->plan, made->rule, made->goal) : (struct ck_span){ 0 };
	struct ck_buf type = { 0 };

	if (!unit || ck_bind_once(unit, unit->n_code - 1)) {
		ck_buf_type(&type, &made->node->type);
		ck_error(binder->diags, CK_INDEX_RANGE, span, "\"%.*s\" is %.*s, which is more than 2^63 bytes",
			 CK_STR_ARG(ck_name_text(binder->diags->arena, made->label)), (int)type.n, type.p ? type.p : "");
		ck_buf_clear(&type);
	}
	return false;
}

/* Strings are carried as they are stored, or made empty. */
static bool set_n_bytes(struct ck_coder *coder, const struct ck_made *made, Ck__Plan__Target *target)
{
	const struct ck_type *type = &made->node->type;
	uint64_t n = ck_dtype_width(type->dtype) ? ck_type_n_bytes(type) : n_elements(type);

	if (n >= INT64_MAX)
		return too_large(coder->binder, made);
	if (!ck_dtype_width(type->dtype))
		n = target->unchanged ? coder->binder->inputs[coder->load->input].items[coder->load->variable].n_bytes
				      : ck_strings_bytes_of_empty(n);
	target->n_bytes = n;
	return true;
}

/* ---- targets */

/* Dimensions of known types are at least 0. */
static void set_type(const struct ck_type *type, Ck__Plan__Target *target)
{
	target->dtype = type->dtype;
	target->n_dims = (size_t)type->rank;
	target->dims = (uint64_t *)(uintptr_t)type->dims;
}

static Ck__Plan__Target *new_target(struct ck_binder *binder, struct ck_str label, struct ck_str key)
{
	Ck__Plan__Target *target = ck_arena_alloc(binder->arena, sizeof(*target));

	if (!target) {
		ck_bind_nomem(binder);
		return NULL;
	}
	ck__plan__target__init(target);
	target->label = ck_bind_bytes(label);
	target->key = ck_bind_bytes(key);
	return target;
}

/* False only when memory is short: other targets may have messages too. */
static bool add_target(struct ck_coder *coder, const struct ck_made *made)
{
	struct ck_binder *binder = coder->binder;
	Ck__Plan__Target *target = new_target(binder, made->label, made->key);

	if (!target)
		return false;
	target->rule = made->rule == SIZE_MAX ? 0 : (uint32_t)made->rule + 1;
	if (!ck_code_target(coder, made, target) || !set_n_bytes(coder, made, target))
		return !binder->nomem;
	set_type(&made->node->type, target);
	binder->bound->targets[binder->bound->n_targets++] = target;
	return true;
}

/* The object graph: its bytes stand in Bound.graph. Those of a template whose data is not at hand are copied when it is. */
static bool add_graph(struct ck_coder *coder)
{
	struct ck_binder *binder = coder->binder;
	const struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE];
	const struct ck_manifest *from = template->given ? template->manifest : binder->inputs[CK_INPUT_SOURCE].manifest;
	Ck__Plan__Target *target;
	size_t at;

	if (!binder->objects)
		return true;
	target = new_target(binder, CK_STR(CK_GRAPH_KEY), CK_STR(CK_GRAPH_KEY));
	if (!target)
		return false;
	target->dtype = CK_DT_STRING;
	binder->bound->targets[binder->bound->n_targets++] = target;
	if (binder->bound->graph.len) {
		target->n_bytes = ck_strings_bytes_of_one(binder->bound->graph.len);
		return true;
	}
	if (!ck_map_get(&from->by_key, CK_STR(CK_GRAPH_KEY), &at))
		return true;
	target->n_bytes = from->variables[at].place.n_bytes;
	return template->given ? ck_code_copy(coder, CK_INPUT_TEMPLATE, at, target) : true;
}

static int compare_keys(const void *a, const void *b)
{
	const Ck__Plan__Target *x = *(Ck__Plan__Target *const *)a, *y = *(Ck__Plan__Target *const *)b;

	return ck_str_compare(ck_str_of(x->key), ck_str_of(y->key));
}

static bool make_targets(struct ck_coder *coder)
{
	struct ck_binder *binder = coder->binder;
	Ck__Plan__Bound *bound = binder->bound;

	bound->targets = ck_arena_array(binder->arena, binder->n_makes + 1, sizeof(*bound->targets));
	if (!bound->targets)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < binder->n_makes; i++)
		if (!add_target(coder, &binder->makes[i]))
			return false;
	if (!add_graph(coder))
		return false;
	qsort(bound->targets, bound->n_targets, sizeof(*bound->targets), compare_keys);
	return !ck_bind_failed(binder);
}

/* ---- places */

static bool add_shard(struct ck_binder *binder, size_t *capacity)
{
	Ck__Plan__Bound *bound = binder->bound;

	if (bound->n_shard_sizes == CK_MAX_SHARDS) {
		struct ck_diag *diag = ck_error(binder->diags, CK_USAGE, (struct ck_span){ 0 },
						"the output would have more than %d shards of at most %llu bytes", CK_MAX_SHARDS,
						(unsigned long long)binder->options->shard_size);

		ck_diag_help(binder->diags, diag, "give a larger --shard-size");
		return false;
	}
	if (!ck_arena_grow(binder->arena, (void **)&bound->shard_sizes, bound->n_shard_sizes, capacity, sizeof(*bound->shard_sizes)))
		return ck_bind_nomem(binder);
	bound->shard_sizes[bound->n_shard_sizes++] = 0;
	return true;
}

static bool check_total(struct ck_binder *binder)
{
	uint64_t total = 0;

	for (size_t i = 0; i < binder->bound->n_targets; i++) {
		/* Each is below 2^63, and so is the sum before it: no overflow. */
		total += binder->bound->targets[i]->n_bytes;
		if (total <= INT64_MAX)
			continue;
		ck_error(binder->diags, CK_INDEX_RANGE, (struct ck_span){ 0 }, "the output would have more than 2^63 bytes");
		return false;
	}
	return true;
}

/*
 * As TensorFlow writes them: one after the other in the order of keys, without gaps. A shard ends where the next would not fit.
 * With links only what these do not hold.
 */
static bool place_targets(struct ck_binder *binder)
{
	Ck__Plan__Bound *bound = binder->bound;
	uint64_t limit = binder->options->shard_size ? binder->options->shard_size : INT64_MAX, *size = NULL;
	size_t capacity = 0;

	if (!check_total(binder) || (binder->options->link && !ck_bind_links(binder)))
		return false;
	capacity = bound->n_shard_sizes;
	for (size_t i = 0; i < bound->n_targets; i++) {
		Ck__Plan__Target *target = bound->targets[i];

		if (bound->n_links && ck_bind_is_linked(binder, target))
			continue;
		if (!size) {
			if (!add_shard(binder, &capacity))
				return false;
			size = &bound->shard_sizes[bound->n_shard_sizes - 1];
		}
		if (*size && target->n_bytes && (*size >= limit || target->n_bytes > limit - *size)) {
			if (!add_shard(binder, &capacity))
				return false;
			size = &bound->shard_sizes[bound->n_shard_sizes - 1];
		}
		target->shard = (uint32_t)(bound->n_shard_sizes - 1);
		target->offset = *size;
		*size += target->n_bytes;
	}
	/* A bundle has one shard at least. */
	return bound->n_shard_sizes || add_shard(binder, &capacity);
}

/* ---- inputs, params, notices */

static bool set_inputs(struct ck_binder *binder)
{
	Ck__Plan__Bound *bound = binder->bound;

	bound->inputs = ck_arena_array(binder->arena, binder->n_inputs + 1, sizeof(*bound->inputs));
	for (size_t i = 0; bound->inputs && i < binder->n_inputs; i++) {
		const struct ck_manifest *manifest = binder->inputs[i].manifest;
		Ck__Plan__BoundInput *input;

		if (!binder->inputs[i].given)
			continue;
		input = ck_arena_alloc(binder->arena, sizeof(*input));
		if (!input)
			return ck_bind_nomem(binder);
		ck__plan__bound_input__init(input);
		input->input = (uint32_t)i;
		input->path = ck_bind_bytes(manifest->path);
		input->digest = ck_bind_bytes((struct ck_str){ (const char *)manifest->digest, CK_SHA256 });
		input->n_variables = manifest->n_variables;
		input->n_bytes = manifest->n_bytes;
		bound->inputs[bound->n_inputs++] = input;
	}
	return bound->inputs ? true : ck_bind_nomem(binder);
}

static bool set_params(struct ck_binder *binder)
{
	Ck__Plan__Bound *bound = binder->bound;

	bound->params = ck_arena_array(binder->arena, binder->code->n_params + 1, sizeof(*bound->params));
	for (size_t i = 0; bound->params && i < binder->code->n_params; i++) {
		Ck__Plan__ParamValue *param = ck_arena_alloc(binder->arena, sizeof(*param));

		if (!param)
			return ck_bind_nomem(binder);
		ck__plan__param_value__init(param);
		param->name = binder->code->params[i]->name;
		param->value = ck_value_expr(binder->arena, &binder->params[i]);
		if (!param->value)
			return ck_bind_nomem(binder);
		bound->params[bound->n_params++] = param;
	}
	return bound->params ? true : ck_bind_nomem(binder);
}

static bool set_notices(struct ck_binder *binder)
{
	Ck__Plan__Bound *bound = binder->bound;

	bound->notices = ck_arena_array(binder->arena, binder->n_notices + 1, sizeof(*bound->notices));
	for (size_t i = 0; bound->notices && i < binder->n_notices; i++) {
		Ck__Plan__Notice *notice = ck_arena_alloc(binder->arena, sizeof(*notice));

		if (!notice)
			return ck_bind_nomem(binder);
		ck__plan__notice__init(notice);
		notice->text = ck_bind_bytes(binder->notices[i]);
		bound->notices[bound->n_notices++] = notice;
	}
	return bound->notices ? true : ck_bind_nomem(binder);
}

/* ---- cost */

static uint64_t at_most(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * What a run has in memory at once: the program, what it knows of variables (as measured), and tiles, for which --memory is the most.
 */
static uint64_t peak_of(const struct ck_binder *binder)
{
	enum { PROGRAM = 8 << 20, A_VARIABLE = 1600, COPIED = 4 << 20, STAGING = 16 << 20, SCRATCH = 32 << 20 };
	const Ck__Plan__Bound *bound = binder->bound;
	uint64_t n_variables = bound->n_targets, tiles;

	for (size_t i = 0; i < binder->n_inputs; i++)
		n_variables += binder->inputs[i].n;
	tiles = at_most(bound->copy_bytes, COPIED) + at_most(bound->read_bytes, STAGING) + at_most(bound->read_bytes, SCRATCH);
	if (!ck_add(tiles, bound->write_bytes, &tiles))
		tiles = UINT64_MAX;
	return PROGRAM + A_VARIABLE * n_variables + at_most(tiles, binder->options->memory ? binder->options->memory : tiles);
}

/* Each source is read once, whatever is made of it. False when memory is short. */
static bool add_reads(struct ck_binder *binder, const Ck__Plan__Target *target, bool **seen)
{
	Ck__Plan__Bound *bound = binder->bound;

	for (size_t i = 0; i < target->n_code; i++) {
		const Ck__Plan__Insn *insn = target->code[i];
		const struct ck_manifest *manifest = binder->inputs[insn->input].manifest;

		if (insn->op != CK_OP_LOAD)
			continue;
		if (!seen[insn->input])
			seen[insn->input] = ck_arena_array(binder->arena, manifest->n_variables + 1, sizeof(**seen));
		if (!seen[insn->input])
			return ck_bind_nomem(binder);
		if (!seen[insn->input][insn->variable] &&
		    !ck_add(bound->read_bytes, manifest->variables[insn->variable].place.n_bytes, &bound->read_bytes))
			bound->read_bytes = UINT64_MAX;
		seen[insn->input][insn->variable] = true;
	}
	return true;
}

static bool set_cost(struct ck_binder *binder)
{
	Ck__Plan__Bound *bound = binder->bound;
	bool **seen = ck_arena_array(binder->arena, binder->n_inputs + 1, sizeof(*seen));

	if (!seen)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < bound->n_targets; i++) {
		const Ck__Plan__Target *target = bound->targets[i];

		if (target->shard < bound->n_links)
			bound->link_bytes += target->n_bytes;
		else if (target->unchanged)
			bound->copy_bytes += target->n_bytes;
		else
			bound->write_bytes += target->n_bytes;
		if (!target->unchanged && !add_reads(binder, target, seen))
			return false;
	}
	bound->peak_bytes = peak_of(binder);
	return true;
}

/* ---- exactness */

/* Rules that drop what they match. */
static void find_drops(const struct ck_binder *binder, bool *drops)
{
	for (size_t i = 0; i < binder->n_inputs; i++)
		for (size_t j = 0; binder->inputs[i].given && j < binder->inputs[i].n; j++)
			for (const struct ck_claim *claim = binder->inputs[i].claims[j]; claim; claim = claim->next)
				drops[claim->rule] = drops[claim->rule] || binder->code->rules[claim->rule]->kind == CK_RULE_DROP;
}

/* `slots drop` where there are some. */
static bool drops_slots(const struct ck_binder *binder)
{
	bool any = false;

	for (size_t i = 0; i < binder->n_inputs; i++)
		any = any || (i != CK_INPUT_TEMPLATE && binder->inputs[i].given && binder->inputs[i].n_slots);
	return any && binder->code->slots_drop;
}

/* `target names`: names do not tell the object graph that was. */
static bool loses_graph(const struct ck_binder *binder)
{
	return binder->inputs[CK_INPUT_SOURCE].manifest->object_based && !binder->objects;
}

/* Does a rule use an operator that never has an inverse? */
static bool has_one_way_operator(const Ck__Plan__Rule *rule)
{
	for (size_t i = 0; i < rule->n_code; i++) {
		const struct ck_op_info *op = ck_op_info(rule->code[i]->op);

		if (op && op->arity != CK_ARITY_MACHINE && !op->inverse[0])
			return true;
	}
	return false;
}

static bool set_exactness(struct ck_coder *coder)
{
	struct ck_binder *binder = coder->binder;
	Ck__Plan__Bound *bound = binder->bound;
	size_t n_rules = binder->code->n_rules;
	bool *drops = ck_arena_array(binder->arena, n_rules + 1, sizeof(bool)), *makes = ck_arena_array(binder->arena, n_rules + 1, sizeof(bool));

	bound->inexact_rules = ck_arena_array(binder->arena, n_rules + 1, sizeof(*bound->inexact_rules));
	if (!drops || !makes || !bound->inexact_rules)
		return ck_bind_nomem(binder);
	find_drops(binder, drops);
	for (size_t i = 0; i < binder->n_makes; i++)
		if (binder->makes[i].rule != SIZE_MAX)
			makes[binder->makes[i].rule] = true;
	bound->exactness = drops_slots(binder) ? CK_ONE_WAY : loses_graph(binder) ? CK_LOSSY : CK_EXACT;
	for (size_t i = 0; i < n_rules; i++) {
		bool lossy = coder->lossy[i] || (makes[i] && has_one_way_operator(binder->code->rules[i]));

		if (drops[i])
			bound->exactness = CK_ONE_WAY;
		else if (lossy && bound->exactness == CK_EXACT)
			bound->exactness = CK_LOSSY;
		if (drops[i] || lossy)
			bound->inexact_rules[bound->n_inexact_rules++] = (uint32_t)i;
	}
	return true;
}

bool ck_bind_place(struct ck_binder *binder)
{
	return place_targets(binder) && set_cost(binder) && set_inputs(binder);
}

bool ck_bind_layout(struct ck_binder *binder)
{
	struct ck_coder coder;

	return ck_coder_init(binder, &coder) && make_targets(&coder) && ck_bind_place(binder) && set_exactness(&coder) && set_params(binder) &&
	       set_notices(binder);
}
