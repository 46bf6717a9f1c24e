/* Optimizer slots: which variables are slots of which, in the four ways that checkpoints store them. */
#include <string.h>

#include "bundle/manifest.h"

#define OPTIMIZER_SLOT "/.OPTIMIZER_SLOT/"

/* More variables of one full name than this are not told apart. */
enum { MAX_SAME_NAME = 1000 };

struct finding {
	struct ck_manifest *manifest;
	struct ck_arena *scratch;
	struct ck_map by_name;		/* of all variables, before slots take their owners' names */
	struct ck_map by_full_name;	/* -> the last such variable */
	size_t *same_full_name;		/* [n_variables] the one before, or SIZE_MAX */
	size_t *of_node;		/* [n_nodes] the variable that a node holds, or SIZE_MAX */
	bool *seen;			/* [n_nodes] lists that were read: no two optimizers share one, and work stays linear */
	struct ck_str *list_slot;	/* [n_variables] the slot that the list says which has it; p NULL: none has */
};

/*
 * TF1: what follows the variable's name. Optimizers make their slots under their own name, and the second one under a name that
 * is taken gets "_1". Source: tensorflow/python/training/{slot_creator,adam,rmsprop,ftrl,...}.py; optimization.py of BERT.
 */
static const struct tf1_suffix {
	struct ck_str suffix, slot, optimizer;
} tf1_suffixes[] = {
	{CK_STR("/Adam"), CK_STR("m"), CK_STR("Adam")},
	{CK_STR("/Adam_1"), CK_STR("v"), CK_STR("Adam")},
	{CK_STR("/Momentum"), CK_STR("momentum"), CK_STR("Momentum")},
	{CK_STR("/RMSProp"), CK_STR("rms"), CK_STR("RMSProp")},
	{CK_STR("/RMSProp_1"), CK_STR("momentum"), CK_STR("RMSProp")},
	{CK_STR("/Adagrad"), CK_STR("accumulator"), CK_STR("Adagrad")},
	{CK_STR("/Ftrl"), CK_STR("accumulator"), CK_STR("Ftrl")},
	{CK_STR("/Ftrl_1"), CK_STR("linear"), CK_STR("Ftrl")},
	{CK_STR("/Adadelta"), CK_STR("accum_grad"), CK_STR("Adadelta")},
	{CK_STR("/Adadelta_1"), CK_STR("accum_var"), CK_STR("Adadelta")},
	{CK_STR("/ExponentialMovingAverage"), CK_STR("ema"), CK_STR("ExponentialMovingAverage")},
	{CK_STR("/adam_m"), CK_STR("m"), CK_STR("adam")},
	{CK_STR("/adam_v"), CK_STR("v"), CK_STR("adam")},
	{CK_STR("/lamb_m"), CK_STR("m"), CK_STR("lamb")},
	{CK_STR("/lamb_v"), CK_STR("v"), CK_STR("lamb")},
};

struct ck_str ck_tf1_suffix(struct ck_str slot, struct ck_str optimizer)
{
	for (size_t i = 0; i < CK_COUNT(tf1_suffixes); i++) {
		if (ck_str_equal(tf1_suffixes[i].slot, slot) && (optimizer.n == 0 || ck_str_equal(tf1_suffixes[i].optimizer, optimizer)))
			return tf1_suffixes[i].suffix;
	}
	return (struct ck_str){0};
}

/*
 * Keras: the optimizer's lists, and (Keras 2) what the full names of their elements begin with. rms: the slot where
 * `_velocities` comes before `_momentums`, or without it, as in RMSprop. Source: keras/src/optimizers/.
 */
static const struct keras_list {
	struct ck_str list, slot, rms;
} keras_lists[] = {
	{CK_STR("_momentums"), CK_STR("m"), CK_STR("momentum")},
	{CK_STR("_velocities"), CK_STR("v"), CK_STR("rms")},
	{CK_STR("_velocity_hats"), CK_STR("vhat"), CK_STR("vhat")},
	{CK_STR("momentums"), CK_STR("momentum"), CK_STR("momentum")},
	{CK_STR("_accumulators"), CK_STR("accumulator"), CK_STR("accumulator")},
	{CK_STR("_linears"), CK_STR("linear"), CK_STR("linear")},
	{CK_STR("_accumulated_grads"), CK_STR("accum_grad"), CK_STR("accum_grad")},
	{CK_STR("_accumulated_delta_vars"), CK_STR("accum_var"), CK_STR("accum_var")},
	{CK_STR("_average_gradients"), CK_STR("mg"), CK_STR("mg")},
	{CK_STR("_m"), CK_STR("m"), CK_STR("m")},
	{CK_STR("_u"), CK_STR("v"), CK_STR("v")},
	{CK_STR("_model_variables_moving_average"), CK_STR("ema"), CK_STR("ema")},
};

/* Keras 2: the segment of a full name that stands before the owner's. Where a list has the element, the list names the slot. */
static const struct keras_word {
	struct ck_str word, slot;
} keras_words[] = {
	{CK_STR("m"), CK_STR("m")},
	{CK_STR("v"), CK_STR("v")},
	{CK_STR("u"), CK_STR("v")},
	{CK_STR("vhat"), CK_STR("vhat")},
	{CK_STR("momentum"), CK_STR("momentum")},
	{CK_STR("velocity"), CK_STR("rms")},
	{CK_STR("average_gradient"), CK_STR("mg")},
	{CK_STR("accumulator"), CK_STR("accumulator")},
	{CK_STR("linear"), CK_STR("linear")},
	{CK_STR("accumulated_grad"), CK_STR("accum_grad")},
	{CK_STR("accumulated_delta_var"), CK_STR("accum_var")},
	{CK_STR("average"), CK_STR("ema")},
};

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

/* Makes variable `at` a slot of `owner` if it can be one; a slot has its owner's shape and has no slots itself. */
static bool set_slot(struct finding *finding, size_t at, size_t owner, enum ck_convention convention, struct ck_str slot,
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
static bool find_declared(struct finding *finding, size_t at, const struct ck_slot_declaration *declaration)
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
	if (!set_slot(finding, at, owner, CK_TF1, ck_str_copy(arena, declaration->slot), ck_str_copy(arena, optimizer)))
		return false;
	finding->manifest->variables[at].suffix = ck_str_copy(arena, after);
	return true;
}

static void find_tf1(struct finding *finding, size_t at)
{
	struct ck_variable *variable = &finding->manifest->variables[at];
	struct ck_str suffix = ck_str_slice(variable->name, ck_str_rfind(variable->name, '/'), variable->name.n);
	size_t owner;
	for (size_t i = 0; i < CK_COUNT(tf1_suffixes); i++) {
		if (!ck_str_equal(suffix, tf1_suffixes[i].suffix))
			continue;
		if (ck_map_get(&finding->by_name, ck_str_slice(variable->name, 0, variable->name.n - suffix.n), &owner) &&
		    set_slot(finding, at, owner, CK_TF1, tf1_suffixes[i].slot, tf1_suffixes[i].optimizer))
			variable->suffix = suffix;
		return;
	}
}

/* An index whose object graph is not at hand: legacy slots tell by their keys. */
static void find_by_key(struct finding *finding, size_t at)
{
	struct ck_str name = finding->manifest->variables[at].name, mark = CK_STR(OPTIMIZER_SLOT);
	const char *found = memmem(name.p, name.n, mark.p, mark.n);
	size_t owner;
	if (!found)
		return;
	struct ck_str rest = ck_str_slice(name, (size_t)(found - name.p) + mark.n, name.n);
	size_t slash = ck_str_rfind(rest, '/');
	if (slash < rest.n && ck_map_get(&finding->by_name, ck_str_slice(name, 0, (size_t)(found - name.p)), &owner))
		(void)set_slot(finding, at, owner, CK_TF2, ck_str_slice(rest, slash + 1, rest.n), ck_str_slice(rest, 0, slash));
}

/* By the object graph. */

static const Ck__Tf__Node *node_of(const struct finding *finding, int32_t id)
{
	return finding->manifest->graph->message->nodes[id];
}

static const Ck__Tf__Child *find_child(const Ck__Tf__Node *node, struct ck_str name, size_t *ret_number)
{
	for (size_t i = 0; i < node->n_children; i++) {
		if (ck_str_equal(text_of(node->children[i]->local_name), name)) {
			*ret_number = i;
			return node->children[i];
		}
	}
	return NULL;
}

static void find_tf2(struct finding *finding, const Ck__Tf__Node *optimizer, struct ck_str path)
{
	for (size_t i = 0; i < optimizer->n_slot_variables; i++) {
		const Ck__Tf__SlotVariable *slot = optimizer->slot_variables[i];
		size_t at = finding->of_node[slot->slot_variable_node_id], owner = finding->of_node[slot->original_variable_node_id];
		if (at != SIZE_MAX && owner != SIZE_MAX)
			(void)set_slot(finding, at, owner, CK_TF2, text_of(slot->slot_name), path);
	}
}

/* The optimizer's lists that it has, with the slot that each holds. */
struct lists {
	const Ck__Tf__Node *node[CK_COUNT(keras_lists)];	/* NULL: it has none */
	struct ck_str slot[CK_COUNT(keras_lists)];
};

static struct lists find_lists(struct finding *finding, const Ck__Tf__Node *optimizer)
{
	struct lists lists = {0};
	size_t velocities = SIZE_MAX, momentums = SIZE_MAX, at;
	(void)find_child(optimizer, CK_STR("_velocities"), &velocities);
	(void)find_child(optimizer, CK_STR("_momentums"), &momentums);
	bool is_rms = velocities < momentums;
	for (size_t i = 0; i < CK_COUNT(keras_lists); i++) {
		const Ck__Tf__Child *child = find_child(optimizer, keras_lists[i].list, &at);
		if (child && !finding->seen[child->node_id]) {
			finding->seen[child->node_id] = true;
			lists.node[i] = node_of(finding, child->node_id);
		}
		lists.slot[i] = is_rms ? keras_lists[i].rms : keras_lists[i].slot;
	}
	return lists;
}

/* The variable at `name` of a list, by a map of the list's names; SIZE_MAX: none. */
static bool map_list(const struct finding *finding, const Ck__Tf__Node *list, struct ck_map *ret_map)
{
	ck_map_init(ret_map, finding->scratch);
	for (size_t i = 0; i < list->n_children; i++) {
		size_t at = finding->of_node[list->children[i]->node_id];
		if (at != SIZE_MAX && !ck_map_put(ret_map, text_of(list->children[i]->local_name), at))
			return false;
	}
	return true;
}

static bool find_keras3(struct finding *finding, const Ck__Tf__Node *optimizer, const Ck__Tf__Node *trainable, struct ck_str path)
{
	struct lists lists = find_lists(finding, optimizer);
	struct ck_map owners;
	if (!map_list(finding, trainable, &owners))
		return false;
	for (size_t i = 0; i < CK_COUNT(keras_lists); i++) {
		for (size_t k = 0; lists.node[i] && k < lists.node[i]->n_children; k++) {
			const Ck__Tf__Child *element = lists.node[i]->children[k];
			size_t at = finding->of_node[element->node_id], owner;
			if (at != SIZE_MAX && ck_map_get(&owners, text_of(element->local_name), &owner))
				(void)set_slot(finding, at, owner, CK_KERAS3, lists.slot[i], path);
		}
	}
	return true;
}

/* How many variables of this shape have a full name, and the n-th of them (in the order of nodes). */
static size_t count_owners(const struct finding *finding, struct ck_str full_name, struct ck_shape shape, size_t n, size_t *ret_owner)
{
	size_t n_owners = 0, n_steps = 0, at;
	if (!ck_map_get(&finding->by_full_name, full_name, &at))
		return 0;
	for (; at != SIZE_MAX; at = finding->same_full_name[at]) {
		if (n_steps++ == MAX_SAME_NAME)
			return 0;
		const struct ck_variable *variable = &finding->manifest->variables[at];
		if (variable->convention != CK_CONVENTION_NONE || !ck_shape_equal(variable->shape, shape))
			continue;
		if (n_owners++ == n)
			*ret_owner = at;
	}
	return n_owners;
}

/* Splits "Adam/m/dense/kernel" into a word of keras_words and the owner's full name. */
static const struct keras_word *split_full_name(const struct finding *finding, struct ck_str full_name, struct ck_str *ret_owner)
{
	for (size_t begin = 0; begin < full_name.n;) {
		struct ck_str rest = ck_str_slice(full_name, begin, full_name.n);
		struct ck_str word = ck_str_slice(rest, 0, ck_str_find(rest, '/'));
		size_t at;
		*ret_owner = ck_str_slice(rest, word.n + 1, rest.n);
		for (size_t i = 0; i < CK_COUNT(keras_words); i++) {
			if (ck_str_equal(word, keras_words[i].word) && ck_map_get(&finding->by_full_name, *ret_owner, &at))
				return &keras_words[i];
		}
		begin += word.n + 1;
	}
	return NULL;
}

/* An element of `_variables` that may be a slot. */
struct element {
	size_t variable, owner;
	struct ck_str slot, owner_name;
	size_t number;		/* how many of its full name stand before it */
};

/*
 * Elements of `_variables` whose full name is that of another variable behind the slot's. Full names need not be unique: where as
 * many variables share one as elements do, they correspond in order (both follow the model's); otherwise nothing is known.
 */
static bool find_keras2(struct finding *finding, const Ck__Tf__Node *optimizer, const Ck__Tf__Node *all, struct ck_str path)
{
	struct lists lists = find_lists(finding, optimizer);
	struct element *elements = ck_arena_array(finding->scratch, all->n_children, sizeof(*elements));
	struct ck_map counts;
	size_t n = 0;
	ck_map_init(&counts, finding->scratch);
	for (size_t i = 0; i < CK_COUNT(keras_lists); i++) {
		for (size_t k = 0; lists.node[i] && k < lists.node[i]->n_children; k++) {
			size_t at = finding->of_node[lists.node[i]->children[k]->node_id];
			if (at != SIZE_MAX)
				finding->list_slot[at] = lists.slot[i];
		}
	}
	for (size_t k = 0; elements && k < all->n_children; k++) {
		struct element *element = &elements[n];
		element->variable = finding->of_node[all->children[k]->node_id];
		if (element->variable == SIZE_MAX)
			continue;
		struct ck_str full_name = finding->manifest->variables[element->variable].full_name;
		const struct keras_word *word = split_full_name(finding, full_name, &element->owner_name);
		if (!word)
			continue;
		element->slot = finding->list_slot[element->variable].p ? finding->list_slot[element->variable] : word->slot;
		element->number = 0;
		(void)ck_map_get(&counts, full_name, &element->number);
		if (!ck_map_put(&counts, full_name, element->number + 1))
			return false;
		n++;
	}
	/* All owners first: a variable that has become a slot counts no more. */
	for (size_t i = 0; elements && i < n; i++) {
		const struct ck_variable *variable = &finding->manifest->variables[elements[i].variable];
		size_t n_elements = 0;
		(void)ck_map_get(&counts, variable->full_name, &n_elements);
		elements[i].owner = SIZE_MAX;
		if (count_owners(finding, elements[i].owner_name, variable->shape, elements[i].number, &elements[i].owner) != n_elements)
			elements[i].owner = SIZE_MAX;
	}
	for (size_t i = 0; elements && i < n; i++) {
		if (elements[i].owner != SIZE_MAX)
			(void)set_slot(finding, elements[i].variable, elements[i].owner, CK_KERAS2, elements[i].slot, path);
	}
	return elements;
}

static bool find_by_graph(struct finding *finding)
{
	const struct ck_graph *graph = finding->manifest->graph;
	for (size_t i = 0; i < graph->message->n_nodes; i++) {
		const Ck__Tf__Node *node = graph->message->nodes[i];
		size_t at;
		if (!graph->is_optimizer[i])
			continue;
		find_tf2(finding, node, graph->names[i]);
		const Ck__Tf__Child *all = find_child(node, CK_STR("_variables"), &at);
		const Ck__Tf__Child *trainable = find_child(node, CK_STR("_trainable_variables"), &at);
		bool ok = true;
		int32_t main_list = trainable ? trainable->node_id : all ? all->node_id : -1;
		if (!all || finding->seen[main_list])
			continue;
		finding->seen[main_list] = true;
		if (trainable)
			ok = find_keras3(finding, node, node_of(finding, trainable->node_id), graph->names[i]);
		else
			ok = find_keras2(finding, node, node_of(finding, all->node_id), graph->names[i]);
		if (!ok)
			return false;
	}
	return true;
}

/* All of it. */

static bool begin(struct finding *finding)
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
	for (size_t i = 0; i < manifest->n_variables; i++) {
		struct ck_variable *variable = &manifest->variables[i];
		if (variable->convention != CK_CONVENTION_NONE)
			make_plain(manifest, variable);
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

static bool find_all(struct finding *finding, const struct ck_slot_declaration *declarations, size_t n_declarations)
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
	struct finding finding = {.manifest = manifest, .scratch = ck_arena_new(CK_MANIFEST_LIMIT)};
	bool ok = finding.scratch && find_all(&finding, declarations, n_declarations);
	ck_arena_free(finding.scratch);
	ok = ok && !ck_arena_failed(manifest->arena);
	return ok ? CK_OK : ck_error_nomem(diags);
}
