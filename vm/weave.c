/* The code of a series: where a part loads what the part before makes, the code that makes it stands instead. */
#include <string.h>

#include "vm/bind_series.h"

bool ck_weaving_init(struct ck_weaving *weaving, const struct ck_plan *plan, struct ck_arena *arena)
{
	size_t n_parts = ck_plan_n_parts(plan);

	*weaving = (struct ck_weaving){ .plan = plan, .arena = arena, .made = ck_arena_array(arena, n_parts, sizeof(*weaving->made)) };
	for (size_t i = 0; weaving->made && i < n_parts; i++)
		weaving->made[i] = ck_arena_array(arena, ck_plan_part(plan, i)->message->bound->n_targets + 1, sizeof(**weaving->made));
	return !ck_arena_failed(arena);
}

/* ---- one instruction */

static bool has_fill(const Ck__Plan__Insn *insn)
{
	for (size_t i = 0; i < insn->n_args; i++)
		if (insn->args[i]->kind == CK_EXPR_FILL)
			return true;
	return false;
}

/* Whether an instruction can stand as it is, and be shared. */
static bool fits(const Ck__Plan__Insn *insn, const Ck__Plan__Insn *as, const uint32_t *registers)
{
	if (insn->dst != as->dst || insn->input != as->input || insn->made_for.len != as->made_for.len)
		return false;
	for (size_t i = 0; i < insn->n_src; i++)
		if (registers[insn->src[i]] != insn->src[i])
			return false;
	return true;
}

/* Random numbers are keyed by the target that they are made for, which has another name in the end. */
static bool put(struct ck_weaving *weaving, size_t part, Ck__Plan__Insn *insn, const uint32_t *registers, struct ck_str made_for)
{
	struct ck_arena *arena = weaving->arena;
	Ck__Plan__Insn copy = *insn, *own = insn;

	copy.dst = (uint32_t)weaving->n_code;
	if (insn->op == CK_OP_LOAD)
		copy.input = ck_series_input(weaving->plan, part, insn->input);
	if (!insn->made_for.len && has_fill(insn))
		copy.made_for = ck_bind_bytes(made_for);
	if (!fits(insn, &copy, registers)) {
		own = ck_arena_alloc(arena, sizeof(*own));
		copy.src = ck_arena_array(arena, insn->n_src + 1, sizeof(*copy.src));
		if (!own || !copy.src)
			return false;
		for (size_t i = 0; i < insn->n_src; i++)
			copy.src[i] = registers[insn->src[i]];
		*own = copy;
	}
	if (!ck_arena_grow(arena, (void **)&weaving->code, weaving->n_code, &weaving->code_capacity, sizeof(struct Ck__Plan__Insn *)))
		return false;
	weaving->code[weaving->n_code++] = own;
	return true;
}

/* ---- a value and all that it is made of */

static bool weave(struct ck_weaving *weaving, size_t part, Ck__Plan__Insn *const *code, size_t n_code, uint32_t n_registers, struct ck_str made_for,
		  uint32_t *ret_register);

/* A target of a part, once in a value. */
static bool weave_made(struct ck_weaving *weaving, size_t part, size_t target, uint32_t *ret_register)
{
	const Ck__Plan__Target *message = ck_plan_part(weaving->plan, part)->message->bound->targets[target];
	struct ck_woven *made = &weaving->made[part][target];
	bool is_last = part + 1 == ck_plan_n_parts(weaving->plan);

	if (made->epoch != weaving->epoch) {
		if (!weave(weaving, part, message->code, message->n_code, message->n_registers,
			   is_last ? (struct ck_str){ 0 } : ck_str_of(message->label), &made->reg))
			return false;
		made->epoch = weaving->epoch;
	}
	*ret_register = made->reg;
	return true;
}

static bool reserve(struct ck_weaving *weaving, size_t n)
{
	while (weaving->registers_capacity < n)
		if (!ck_arena_grow(weaving->arena, (void **)&weaving->registers, weaving->registers_capacity, &weaving->registers_capacity,
				   sizeof(*weaving->registers)))
			return false;
	return true;
}

/* Recurses as deep as there are parts. */
static bool weave(struct ck_weaving *weaving, size_t part, Ck__Plan__Insn *const *code, size_t n_code, uint32_t n_registers, struct ck_str made_for,
		  uint32_t *ret_register)
{
	bool is_last = part + 1 == ck_plan_n_parts(weaving->plan);
	size_t base = weaving->n_registers;

	weaving->n_registers += n_registers;
	if (!reserve(weaving, weaving->n_registers))
		return false;
	for (size_t i = 0; i < n_code; i++) {
		Ck__Plan__Insn *insn = code[i];
		bool is_load = insn->op == CK_OP_LOAD, good;
		uint32_t at = (uint32_t)weaving->n_code;

		if (is_load && insn->input == CK_INPUT_SOURCE && part > 0)
			good = weave_made(weaving, part - 1, (size_t)insn->variable, &at);
		else if (is_load && insn->input == CK_INPUT_TARGET && !is_last)
			good = weave_made(weaving, part, (size_t)insn->variable, &at);
		else
			good = put(weaving, part, insn, weaving->registers + base, made_for);
		if (!good)
			return false;
		weaving->registers[base + insn->dst] = at;
		*ret_register = at;
	}
	weaving->n_registers = base;
	return true;
}

static bool take(struct ck_weaving *weaving, Ck__Plan__Insn ***ret_code, size_t *ret_n_code)
{
	*ret_code = ck_arena_array(weaving->arena, weaving->n_code + 1, sizeof(struct Ck__Plan__Insn *));
	if (!*ret_code)
		return false;
	if (weaving->n_code)
		memcpy(*ret_code, weaving->code, weaving->n_code * sizeof(struct Ck__Plan__Insn *));
	*ret_n_code = weaving->n_code;
	return true;
}

static void begin(struct ck_weaving *weaving)
{
	weaving->epoch++;
	weaving->n_code = weaving->n_registers = 0;
}

bool ck_weave_target(struct ck_weaving *weaving, size_t part, size_t target, Ck__Plan__Insn ***ret_code, size_t *ret_n_code)
{
	uint32_t ignored;

	begin(weaving);
	return weave_made(weaving, part, target, &ignored) && take(weaving, ret_code, ret_n_code);
}

bool ck_weave_value(struct ck_weaving *weaving, size_t part, const Ck__Plan__CheckValue *value, struct ck_str made_for,
		    Ck__Plan__CheckValue **ret_value)
{
	Ck__Plan__CheckValue *own = ck_arena_alloc(weaving->arena, sizeof(*own));
	uint32_t ignored;

	begin(weaving);
	if (!own || !weave(weaving, part, value->code, value->n_code, value->n_registers, made_for, &ignored))
		return false;
	ck__plan__check_value__init(own);
	own->n_registers = (uint32_t)weaving->n_code;
	*ret_value = own;
	return take(weaving, &own->code, &own->n_code);
}
