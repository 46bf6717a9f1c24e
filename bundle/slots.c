/* Optimizer slots: which variables are slots of which, by names and by the object graph; slots_keras.c has those by position. */
#include <string.h>

#include "bundle/slots_internal.h"

#define OPTIMIZER_SLOT "/.OPTIMIZER_SLOT/"

/* RMSProp makes a third slot, and that before the momentum, where it is centered. */
enum centered { EITHER, PLAIN, CENTERED };

/*
 * TF1: what follows the variable's name. Optimizers make their slots under their own name, and the second one under a name that
 * is taken gets "_1". Source: tensorflow/python/training/{slot_creator,adam,rmsprop,ftrl,...}.py; optimization.py of BERT.
 */
static const struct tf1_suffix {
	struct ck_str suffix, slot, optimizer;
	enum centered centered;
} tf1_suffixes[] = {
	{CK_STR("/Adam"), CK_STR("m"), CK_STR("Adam"), EITHER},
	{CK_STR("/Adam_1"), CK_STR("v"), CK_STR("Adam"), EITHER},
	{CK_STR("/Momentum"), CK_STR("momentum"), CK_STR("Momentum"), EITHER},
	{CK_STR("/RMSProp"), CK_STR("rms"), CK_STR("RMSProp"), EITHER},
	{CK_STR("/RMSProp_1"), CK_STR("momentum"), CK_STR("RMSProp"), PLAIN},
	{CK_STR("/RMSProp_1"), CK_STR("mg"), CK_STR("RMSProp"), CENTERED},
	{CK_STR("/RMSProp_2"), CK_STR("momentum"), CK_STR("RMSProp"), CENTERED},
	{CK_STR("/Adagrad"), CK_STR("accumulator"), CK_STR("Adagrad"), EITHER},
	{CK_STR("/Ftrl"), CK_STR("accumulator"), CK_STR("Ftrl"), EITHER},
	{CK_STR("/Ftrl_1"), CK_STR("linear"), CK_STR("Ftrl"), EITHER},
	{CK_STR("/Adadelta"), CK_STR("accum_grad"), CK_STR("Adadelta"), EITHER},
	{CK_STR("/Adadelta_1"), CK_STR("accum_var"), CK_STR("Adadelta"), EITHER},
	{CK_STR("/ExponentialMovingAverage"), CK_STR("ema"), CK_STR("ExponentialMovingAverage"), EITHER},
	{CK_STR("/adam_m"), CK_STR("m"), CK_STR("adam"), EITHER},
	{CK_STR("/adam_v"), CK_STR("v"), CK_STR("adam"), EITHER},
	{CK_STR("/lamb_m"), CK_STR("m"), CK_STR("lamb"), EITHER},
	{CK_STR("/lamb_v"), CK_STR("v"), CK_STR("lamb"), EITHER},
};

struct ck_str ck_tf1_suffix(struct ck_str slot, struct ck_str optimizer, bool centered)
{
	for (size_t i = 0; i < CK_COUNT(tf1_suffixes); i++) {
		const struct tf1_suffix *row = &tf1_suffixes[i];
		if (ck_str_equal(row->slot, slot) && (optimizer.n == 0 || ck_str_equal(row->optimizer, optimizer)) &&
		    row->centered != (centered ? PLAIN : CENTERED))
			return row->suffix;
	}
	return (struct ck_str){0};
}

static struct ck_str text_of(ProtobufCBinaryData bytes)
{
	return (struct ck_str){(const char *)bytes.data, bytes.len};
}

/* The variable's name as it is when it is no slot. */
static struct ck_str plain_name(const struct ck_manifest *manifest, const struct ck_variable *variable)
{
	const struct ck_graph *graph = manifest->graph;
	struct ck_str suffix = CK_STR(CK_ATTRIBUTE_SUFFIX);
	if (graph && variable->node >= 0 && graph->reachable[variable->node] && graph->names[variable->node].n)
		return graph->names[variable->node];
	if (manifest->object_based && ck_str_ends(variable->key, suffix))
		return ck_str_slice(variable->key, 0, variable->key.n - suffix.n);
	return variable->key;
}

static void make_plain(const struct ck_manifest *manifest, struct ck_variable *variable)
{
	variable->name = plain_name(manifest, variable);
	variable->convention = CK_CONVENTION_NONE;
	variable->owner = 0;
	variable->slot = variable->optimizer = variable->suffix = (struct ck_str){0};
}

bool ck_slot_set(struct ck_slot_finding *finding, size_t at, size_t owner, enum ck_convention convention, struct ck_str slot,
		 struct ck_str optimizer)
{
	struct ck_variable *variable = &finding->manifest->variables[at], *to = &finding->manifest->variables[owner];
	if (at == owner || variable->kind != CK_VARIABLE || to->kind != CK_VARIABLE || variable->convention != CK_CONVENTION_NONE ||
	    to->convention != CK_CONVENTION_NONE || !ck_shape_equal(variable->shape, to->shape))
		return false;
	variable->convention = convention;
	variable->owner = owner;
	variable->slot = slot;
	variable->optimizer = optimizer;
	variable->name = to->name;
	return true;
}

/* By names. */

/* "BEFORE x AFTER", as the migration declares it. The optimizer is what stands there, without slashes. The declaration is copied. */
static bool find_declared(struct ck_slot_finding *finding, size_t at, const struct ck_slot_declaration *declaration)
{
	struct ck_str name = finding->manifest->variables[at].name, after = declaration->after, optimizer = after;
	size_t owner;
	if (name.n <= declaration->before.n + after.n || !ck_str_starts(name, declaration->before) || !ck_str_ends(name, after))
		return false;
	struct ck_str x = ck_str_slice(name, declaration->before.n, name.n - after.n);
	if (!ck_map_get(&finding->by_name, x, &owner))
		return false;
	if (optimizer.n == 0)
		optimizer = declaration->before;
	while (optimizer.n && optimizer.p[0] == '/')
		optimizer = ck_str_slice(optimizer, 1, optimizer.n);
	while (optimizer.n && optimizer.p[optimizer.n - 1] == '/')
		optimizer.n--;
	struct ck_arena *arena = finding->manifest->arena;
	if (!ck_slot_set(finding, at, owner, CK_TF1, ck_str_copy(arena, declaration->slot), ck_str_copy(arena, optimizer)))
		return false;
	finding->manifest->variables[at].suffix = ck_str_copy(arena, after);
	return true;
}

/* Whether a variable has all the slots of a centered optimizer of this row. */
static bool is_centered(const struct ck_slot_finding *finding, struct ck_str owner, const struct tf1_suffix *row)
{
	struct ck_str last = ck_str_format(finding->scratch, "%.*s%.*s", CK_STR_ARG(owner),
					   CK_STR_ARG(ck_tf1_suffix(CK_STR("momentum"), row->optimizer, true)));
	size_t at;
	return last.p && ck_map_get(&finding->by_name, last, &at);
}

static void find_tf1(struct ck_slot_finding *finding, size_t at)
{
	struct ck_variable *variable = &finding->manifest->variables[at];
	struct ck_str suffix = ck_str_slice(variable->name, ck_str_rfind(variable->name, '/'), variable->name.n);
	struct ck_str name = ck_str_slice(variable->name, 0, variable->name.n - suffix.n);
	size_t owner;
	for (size_t i = 0; i < CK_COUNT(tf1_suffixes); i++) {
		const struct tf1_suffix *row = &tf1_suffixes[i];
		if (!ck_str_equal(suffix, row->suffix) || (row->centered != EITHER && is_centered(finding, name, row) != (row->centered == CENTERED)))
			continue;
		if (ck_map_get(&finding->by_name, name, &owner) &&
		    ck_slot_set(finding, at, owner, CK_TF1, tf1_suffixes[i].slot, tf1_suffixes[i].optimizer))
			variable->suffix = suffix;
		return;
	}
}

/* An index whose object graph is not at hand: legacy slots tell by their keys. */
static void find_by_key(struct ck_slot_finding *finding, size_t at)
{
	struct ck_str name = finding->manifest->variables[at].name, mark = CK_STR(OPTIMIZER_SLOT);
	const char *found = memmem(name.p, name.n, mark.p, mark.n);
	size_t owner;
	if (!found)
		return;
	struct ck_str rest = ck_str_slice(name, (size_t)(found - name.p) + mark.n, name.n);
	size_t slash = ck_str_rfind(rest, '/');
	if (slash < rest.n && ck_map_get(&finding->by_name, ck_str_slice(name, 0, (size_t)(found - name.p)), &owner))
		(void)ck_slot_set(finding, at, owner, CK_TF2, ck_str_slice(rest, slash + 1, rest.n), ck_str_slice(rest, 0, slash));
}

/* By the object graph. */

static void find_tf2(struct ck_slot_finding *finding, const Ck__Tf__Node *optimizer, struct ck_str path)
{
	for (size_t i = 0; i < optimizer->n_slot_variables; i++) {
		const Ck__Tf__SlotVariable *slot = optimizer->slot_variables[i];
		size_t at = finding->of_node[slot->slot_variable_node_id], owner = finding->of_node[slot->original_variable_node_id];
		if (at != SIZE_MAX && owner != SIZE_MAX)
			(void)ck_slot_set(finding, at, owner, CK_TF2, text_of(slot->slot_name), path);
	}
}

static bool find_by_graph(struct ck_slot_finding *finding)
{
	const struct ck_graph *graph = finding->manifest->graph;
	for (size_t i = 0; i < graph->message->n_nodes; i++) {
		if (!graph->is_optimizer[i])
			continue;
		find_tf2(finding, graph->message->nodes[i], graph->names[i]);
		if (!ck_slots_find_keras(finding, i))
			return false;
	}
	return true;
}

/* All of it. */

static bool begin(struct ck_slot_finding *finding)
{
	struct ck_manifest *manifest = finding->manifest;
	size_t n_nodes = manifest->graph ? manifest->graph->message->n_nodes : 0;
	ck_map_init(&finding->by_name, finding->scratch);
	ck_map_init(&finding->by_full_name, finding->scratch);
	finding->same_full_name = ck_arena_array(finding->scratch, manifest->n_variables, sizeof(*finding->same_full_name));
	finding->of_node = ck_arena_array(finding->scratch, n_nodes, sizeof(*finding->of_node));
	finding->seen = ck_arena_array(finding->scratch, n_nodes, sizeof(*finding->seen));
	finding->list_slot = ck_arena_array(finding->scratch, manifest->n_variables, sizeof(*finding->list_slot));
	if (!finding->same_full_name || !finding->of_node || !finding->seen || !finding->list_slot)
		return false;
	memset(finding->of_node, 0xff, n_nodes * sizeof(*finding->of_node));
	if (!ck_map_reserve(&finding->by_name, manifest->n_variables))
		return false;
	for (size_t i = 0; i < manifest->n_variables; i++) {
		struct ck_variable *variable = &manifest->variables[i];
		if (variable->convention != CK_CONVENTION_NONE)
			make_plain(manifest, variable);
		variable->unclear_owner = 0;
		variable->has_unclear_slots = false;
		if (variable->kind != CK_VARIABLE)
			continue;
		if (!ck_map_put(&finding->by_name, variable->name, i))
			return false;
		if (variable->node >= 0)
			finding->of_node[variable->node] = i;
	}
	/* Backwards, so that following same_full_name goes in the order of nodes. */
	for (size_t i = n_nodes; i-- > 0;) {
		size_t at = finding->of_node[i];
		if (at == SIZE_MAX || manifest->variables[at].full_name.n == 0)
			continue;
		struct ck_str full_name = manifest->variables[at].full_name;
		if (!ck_map_get(&finding->by_full_name, full_name, &finding->same_full_name[at]))
			finding->same_full_name[at] = SIZE_MAX;
		if (!ck_map_put(&finding->by_full_name, full_name, at))
			return false;
	}
	return true;
}

static bool find_all(struct ck_slot_finding *finding, const struct ck_slot_declaration *declarations, size_t n_declarations)
{
	struct ck_manifest *manifest = finding->manifest;
	if (!begin(finding))
		return false;
	/* In the order of keys an owner comes before its slots, so that a slot is known before it could be taken for an owner. */
	for (size_t i = 0; i < manifest->n_variables; i++) {
		bool is_declared = false;
		for (size_t k = 0; k < n_declarations && !is_declared; k++)
			is_declared = find_declared(finding, i, &declarations[k]);
		if (is_declared || manifest->variables[i].kind != CK_VARIABLE)
			continue;
		if (!manifest->object_based)
			find_tf1(finding, i);
		else if (!manifest->graph)
			find_by_key(finding, i);
	}
	if (manifest->graph && !find_by_graph(finding))
		return false;
	for (size_t i = 0; i < manifest->n_variables; i++) {
		struct ck_variable *variable = &manifest->variables[i];
		if (variable->convention != CK_CONVENTION_NONE && manifest->variables[variable->owner].convention != CK_CONVENTION_NONE)
			make_plain(manifest, variable);
	}
	return true;
}

enum ck_code ck_manifest_find_slots(struct ck_manifest *manifest, const struct ck_slot_declaration *declarations,
				    size_t n_declarations, struct ck_diags *diags)
{
	struct ck_slot_finding finding = {.manifest = manifest, .scratch = ck_arena_new(CK_MANIFEST_LIMIT)};
	bool ok = finding.scratch && find_all(&finding, declarations, n_declarations);
	ck_arena_free(finding.scratch);
	ok = ok && !ck_arena_failed(manifest->arena);
	return ok ? CK_OK : ck_error_nomem(diags);
}
