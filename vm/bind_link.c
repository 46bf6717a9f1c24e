/* Shards of inputs that become shards of the output: unchanged variables stay where they lie. */
#include "vm/bind_internal.h"

/* The shards of one input. */
struct shards {
	uint64_t *ends;			/* [n] of the last variable that lies in each: what an index alone tells of its size */
	uint32_t *numbers;		/* [n] 1 + number in the output; 0: not linked */
	size_t n;
};

/* The variable whose stored bytes a target is; NULL when it is something else, or nothing. */
static const struct ck_variable *stored_variable(const struct ck_binder *binder, const Ck__Plan__Target *target, uint32_t *ret_input)
{
	for (size_t i = 0; target->unchanged && target->n_bytes && i < target->n_code; i++) {
		const Ck__Plan__Insn *insn = target->code[i];

		if (insn->op != CK_OP_LOAD || insn->input == CK_INPUT_TARGET)
			continue;
		*ret_input = insn->input;
		return &binder->inputs[insn->input].manifest->variables[insn->variable];
	}
	return NULL;
}

bool ck_bind_is_linked(const struct ck_binder *binder, const Ck__Plan__Target *target)
{
	uint32_t input;

	return stored_variable(binder, target, &input) != NULL;
}

static void note_end(struct shards *shards, const struct ck_place *place)
{
	uint64_t *end = &shards->ends[place->shard];

	*end = place->offset + place->n_bytes > *end ? place->offset + place->n_bytes : *end;
}

static bool open_shards(struct ck_binder *binder, const struct ck_manifest *manifest, struct shards *shards)
{
	shards->n = manifest->n_shards;
	shards->ends = ck_arena_array(binder->arena, shards->n + 1, sizeof(*shards->ends));
	shards->numbers = ck_arena_array(binder->arena, shards->n + 1, sizeof(*shards->numbers));
	if (!shards->ends || !shards->numbers)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < manifest->n_variables; i++) {
		const struct ck_variable *variable = &manifest->variables[i];

		if (!variable->n_slices)
			note_end(shards, &variable->place);
		for (size_t j = 0; j < variable->n_slices; j++)
			note_end(shards, &variable->slices[j].place);
	}
	return true;
}

/* Linked shards in the order of inputs, then of their numbers there. */
static bool add_links(struct ck_binder *binder, struct shards *inputs, size_t n_links)
{
	Ck__Plan__Bound *bound = binder->bound;

	bound->links = ck_arena_array(binder->arena, n_links + 1, sizeof(*bound->links));
	bound->shard_sizes = ck_arena_array(binder->arena, n_links + 1, sizeof(*bound->shard_sizes));
	if (!bound->links || !bound->shard_sizes)
		return ck_bind_nomem(binder);
	for (uint32_t input = 0; input < binder->n_inputs; input++)
		for (uint32_t shard = 0; shard < inputs[input].n; shard++) {
			Ck__Plan__LinkedShard *link;

			if (!inputs[input].numbers[shard])
				continue;
			link = ck_arena_alloc(binder->arena, sizeof(*link));
			if (!link)
				return ck_bind_nomem(binder);
			ck__plan__linked_shard__init(link);
			link->input = input;
			link->shard = shard;
			bound->links[bound->n_links++] = link;
			bound->shard_sizes[bound->n_shard_sizes++] = inputs[input].ends[shard];
			inputs[input].numbers[shard] = (uint32_t)bound->n_links;
		}
	return true;
}

bool ck_bind_links(struct ck_binder *binder)
{
	Ck__Plan__Bound *bound = binder->bound;
	struct shards *inputs = ck_arena_array(binder->arena, binder->n_inputs + 1, sizeof(*inputs));
	const struct ck_variable *variable;
	size_t n_links = 0;
	uint32_t input;

	if (!inputs)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < binder->n_inputs; i++)
		if (binder->inputs[i].given && i != CK_INPUT_TARGET && !open_shards(binder, binder->inputs[i].manifest, &inputs[i]))
			return false;
	for (size_t i = 0; i < bound->n_targets; i++) {
		if (!(variable = stored_variable(binder, bound->targets[i], &input)))
			continue;
		n_links += !inputs[input].numbers[variable->place.shard];
		inputs[input].numbers[variable->place.shard] = 1;
	}
	if (n_links >= CK_MAX_SHARDS || !add_links(binder, inputs, n_links))
		return n_links >= CK_MAX_SHARDS;
	for (size_t i = 0; i < bound->n_targets; i++) {
		if (!(variable = stored_variable(binder, bound->targets[i], &input)))
			continue;
		bound->targets[i]->shard = inputs[input].numbers[variable->place.shard] - 1;
		bound->targets[i]->offset = variable->place.offset;
	}
	return true;
}
