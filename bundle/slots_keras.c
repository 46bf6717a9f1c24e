/*
 * Slots of Keras optimizers, which store them by position. Keras 3 lists its variables (`_trainable_variables`) and, in the same
 * order, the slots of each kind; where those lists are empty, as earlier versions leave them, full names tell. What Keras 2 does
 * is in slots_keras2.c. Source: keras/src/optimizers/ of Keras 3, base_optimizer.py first.
 */
#include <string.h>

#include "bundle/slots_internal.h"

/* The optimizer's lists. rms: the slot where `_velocities` comes before `_momentums`, or without it, as in RMSprop. */
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
	{CK_STR("_v"), CK_STR("v"), CK_STR("v")},
	{CK_STR("adam_velocities"), CK_STR("v"), CK_STR("v")},
	{CK_STR("_accumulated_gradients"), CK_STR("gradient_accumulator"), CK_STR("gradient_accumulator")},
	{CK_STR("_model_variables_moving_average"), CK_STR("ema"), CK_STR("ema")},
};

/*
 * Keras 3: what a full name ends with, behind the owner's with '_' for '/', and the list that has such elements, if it had them. Of
 * the rows of one word the first counts whose list the optimizer has, be it empty; without any the first. Longer words come first.
 */
static const struct keras3_word {
	struct ck_str word, list, slot;
} keras3_words[] = {
	{CK_STR("_gradient_accumulator"), CK_STR("_accumulated_gradients"), CK_STR("gradient_accumulator")},
	{CK_STR("_accumulated_delta_var"), CK_STR("_accumulated_delta_vars"), CK_STR("accum_var")},
	{CK_STR("_accumulated_grad"), CK_STR("_accumulated_grads"), CK_STR("accum_grad")},
	{CK_STR("_average_gradient"), CK_STR("_average_gradients"), CK_STR("mg")},
	{CK_STR("_velocity_hat"), CK_STR("_velocity_hats"), CK_STR("vhat")},
	{CK_STR("_momentum"), CK_STR("momentums"), CK_STR("momentum")},
	{CK_STR("_momentum"), CK_STR("_momentums"), CK_STR("m")},
	{CK_STR("_momentum"), CK_STR("_m"), CK_STR("m")},
	{CK_STR("_velocity"), CK_STR("_v"), CK_STR("v")},
	{CK_STR("_velocity"), CK_STR("_velocities"), CK_STR("v")},
	{CK_STR("_velocity"), CK_STR("adam_velocities"), CK_STR("v")},
	{CK_STR("_norm"), CK_STR("_u"), CK_STR("v")},
	{CK_STR("_accumulator"), CK_STR("_accumulators"), CK_STR("accumulator")},
	{CK_STR("_linear"), CK_STR("_linears"), CK_STR("linear")},
	{CK_STR("_average"), CK_STR("_model_variables_moving_average"), CK_STR("ema")},
};

static struct ck_str text_of(ProtobufCBinaryData bytes)
{
	return (struct ck_str){(const char *)bytes.data, bytes.len};
}

static const Ck__Tf__Node *node_of(const struct ck_slot_finding *finding, int32_t id)
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

_Static_assert(CK_COUNT(keras_lists) <= CK_MAX_KERAS_LISTS, "room for every list");

struct ck_keras_lists ck_keras_lists_find(struct ck_slot_finding *finding, const Ck__Tf__Node *optimizer)
{
	struct ck_keras_lists lists = {.n = CK_COUNT(keras_lists)};
	size_t velocities = SIZE_MAX, momentums = SIZE_MAX, at;
	(void)find_child(optimizer, CK_STR("_velocities"), &velocities);
	(void)find_child(optimizer, CK_STR("_momentums"), &momentums);
	bool is_rms = velocities < momentums;
	for (size_t i = 0; i < CK_COUNT(keras_lists); i++) {
		const Ck__Tf__Child *child = find_child(optimizer, keras_lists[i].list, &at);
		lists.is_there[i] = child != NULL;
		lists.slot[i] = is_rms ? keras_lists[i].rms : keras_lists[i].slot;
		if (child && !finding->seen[child->node_id]) {
			finding->seen[child->node_id] = true;
			lists.node[i] = node_of(finding, child->node_id);
		}
	}
	return lists;
}

/* Keras 3. */

/* Names of a list -> variables. */
static bool map_list(const struct ck_slot_finding *finding, const Ck__Tf__Node *list, struct ck_map *ret_map)
{
	ck_map_init(ret_map, finding->scratch);
	for (size_t i = 0; i < list->n_children; i++) {
		size_t at = finding->of_node[list->children[i]->node_id];
		if (at != SIZE_MAX && !ck_map_put(ret_map, text_of(list->children[i]->local_name), at))
			return false;
	}
	return true;
}

/* What stands for a variable in the full names of its slots, and its shape, which two of one name may differ by. */
static struct ck_str mangled_key(struct ck_slot_finding *finding, struct ck_str name, struct ck_shape shape)
{
	char *text = ck_arena_alloc(finding->scratch, name.n + 1 + shape.rank * sizeof(*shape.dims));
	if (!text)
		return (struct ck_str){0};
	for (size_t i = 0; i < name.n; i++)
		text[i] = name.p[i] == '/' ? '_' : name.p[i];
	text[name.n] = '\0';
	if (shape.rank)
		memcpy(text + name.n + 1, shape.dims, shape.rank * sizeof(*shape.dims));
	return (struct ck_str){text, name.n + 1 + shape.rank * sizeof(*shape.dims)};
}

/* The trainable variables by what stands for them: each key's first, and of each the next one with its key. */
struct trainable {
	struct ck_map first, n;
	size_t *next;		/* [n_children] in the list's order */
	size_t *variable;	/* [n_children] */
};

static bool read_trainable(struct ck_slot_finding *finding, const Ck__Tf__Node *list, struct trainable *ret_trainable)
{
	struct trainable *trainable = ret_trainable;
	ck_map_init(&trainable->first, finding->scratch);
	ck_map_init(&trainable->n, finding->scratch);
	trainable->next = ck_arena_array(finding->scratch, list->n_children, sizeof(*trainable->next));
	trainable->variable = ck_arena_array(finding->scratch, list->n_children, sizeof(*trainable->variable));
	for (size_t i = list->n_children; i-- > 0 && trainable->next && trainable->variable;) {
		size_t at = finding->of_node[list->children[i]->node_id], n = 0;
		trainable->next[i] = SIZE_MAX;
		trainable->variable[i] = at;
		if (at == SIZE_MAX || finding->manifest->variables[at].full_name.n == 0)
			continue;
		const struct ck_variable *variable = &finding->manifest->variables[at];
		struct ck_str key = mangled_key(finding, variable->full_name, variable->shape);
		(void)ck_map_get(&trainable->first, key, &trainable->next[i]);
		(void)ck_map_get(&trainable->n, key, &n);
		if (!key.p || !ck_map_put(&trainable->first, key, i) || !ck_map_put(&trainable->n, key, n + 1))
			return false;
	}
	return trainable->next && trainable->variable;
}

/* The slot that a word means for this optimizer. */
static struct ck_str slot_of_word(const struct ck_keras_lists *lists, size_t word)
{
	for (size_t i = word; i < CK_COUNT(keras3_words) && ck_str_equal(keras3_words[i].word, keras3_words[word].word); i++) {
		for (size_t k = 0; k < CK_COUNT(keras_lists); k++) {
			if (lists->is_there[k] && ck_str_equal(keras_lists[k].list, keras3_words[i].list))
				return lists->slot[k];
		}
	}
	return keras3_words[word].slot;
}

/*
 * "adam/dense_kernel_momentum": the word, and the key of "dense_kernel"; p NULL: it is no slot of a trainable variable. Of a
 * plain tf.Variable Keras takes the name "kernel:0", which becomes "kernel_0".
 */
static struct ck_str split_keras3_name(struct ck_slot_finding *finding, const struct trainable *trainable, const struct ck_variable *variable,
				       size_t *ret_word)
{
	struct ck_str name = variable->full_name, zero = CK_STR("_0");
	size_t slash = ck_str_rfind(name, '/'), first;
	if (slash < name.n)
		name = ck_str_slice(name, slash + 1, name.n);
	for (size_t i = 0; i < CK_COUNT(keras3_words); i++) {
		struct ck_str word = keras3_words[i].word;
		if (!ck_str_ends(name, word) || (i && ck_str_equal(word, keras3_words[i - 1].word)))
			continue;
		struct ck_str owner = ck_str_slice(name, 0, name.n - word.n);
		*ret_word = i;
		for (int tries = 0; tries < 2; tries++) {
			struct ck_str key = mangled_key(finding, owner, variable->shape);
			if (!key.p || ck_map_get(&trainable->first, key, &first))
				return key;
			if (!ck_str_ends(owner, zero))
				break;
			owner.n -= zero.n;
		}
	}
	return (struct ck_str){0};
}

/* Elements of one word and key, in the order of `_variables`, which is that of the trainable ones. */
struct same {
	size_t n;		/* elements */
	size_t next;		/* number in the list of the owner of the next one */
};

/* Those that no list has. Where as many trainable variables have a name as elements are named so, they correspond in order. */
static bool find_by_keras3_names(struct ck_slot_finding *finding, const Ck__Tf__Node *all, const Ck__Tf__Node *list, const struct ck_keras_lists *lists,
				 struct ck_str path)
{
	struct trainable trainable;
	struct same *same = ck_arena_array(finding->scratch, all->n_children, sizeof(*same));
	size_t *group = ck_arena_array(finding->scratch, all->n_children, sizeof(*group)), n_groups = 0;
	size_t *words = ck_arena_array(finding->scratch, all->n_children, sizeof(*words));
	struct ck_map groups;
	ck_map_init(&groups, finding->scratch);
	if (!same || !group || !words || !read_trainable(finding, list, &trainable))
		return false;
	for (size_t i = 0; i < all->n_children; i++) {
		size_t at = finding->of_node[all->children[i]->node_id], n_owners;
		group[i] = SIZE_MAX;
		if (at == SIZE_MAX || finding->manifest->variables[at].convention != CK_CONVENTION_NONE)
			continue;
		struct ck_str key = split_keras3_name(finding, &trainable, &finding->manifest->variables[at], &words[i]);
		if (!key.p)
			continue;
		struct ck_str name = ck_str_format(finding->scratch, "%zu %.*s", words[i], CK_STR_ARG(key));
		if (!name.p)
			return false;
		if (!ck_map_get(&groups, name, &group[i])) {
			group[i] = n_groups;
			if (!ck_map_put(&groups, name, n_groups) || !ck_map_get(&trainable.first, key, &same[n_groups].next) ||
			    !ck_map_get(&trainable.n, key, &n_owners))
				return false;
			same[n_groups++].n = n_owners;
		}
		/* Counts down: 0 in the end where there are as many. */
		same[group[i]].n--;
	}
	for (size_t i = 0; i < all->n_children; i++) {
		if (group[i] == SIZE_MAX || same[group[i]].n != 0)
			continue;
		size_t owner = same[group[i]].next;
		same[group[i]].next = trainable.next[owner];
		(void)ck_slot_set(finding, finding->of_node[all->children[i]->node_id], trainable.variable[owner], CK_KERAS3,
				  slot_of_word(lists, words[i]), path);
	}
	return true;
}

static bool find_keras3(struct ck_slot_finding *finding, const Ck__Tf__Node *optimizer, const Ck__Tf__Node *all, const Ck__Tf__Node *trainable,
			struct ck_str path)
{
	struct ck_keras_lists lists = ck_keras_lists_find(finding, optimizer);
	struct ck_map owners;
	if (!map_list(finding, trainable, &owners))
		return false;
	for (size_t i = 0; i < CK_COUNT(keras_lists); i++) {
		for (size_t k = 0; lists.node[i] && k < lists.node[i]->n_children; k++) {
			const Ck__Tf__Child *element = lists.node[i]->children[k];
			size_t at = finding->of_node[element->node_id], owner;
			if (at != SIZE_MAX && ck_map_get(&owners, text_of(element->local_name), &owner))
				(void)ck_slot_set(finding, at, owner, CK_KERAS3, lists.slot[i], path);
		}
	}
	return find_by_keras3_names(finding, all, trainable, &lists, path);
}

static struct ck_str keras3_full_name(struct ck_str slot, struct ck_str owner, struct ck_arena *arena)
{
	struct ck_str same = ck_str_equal(slot, CK_STR("rms")) ? CK_STR("v") : slot;
	for (size_t i = 0; i < CK_COUNT(keras3_words); i++) {
		if (!ck_str_equal(keras3_words[i].slot, same))
			continue;
		struct ck_str word = keras3_words[i].word;
		char *text = ck_arena_alloc(arena, owner.n + word.n + 1);
		for (size_t k = 0; text && k < owner.n; k++)
			text[k] = owner.p[k] == '/' ? '_' : owner.p[k];
		if (text)
			memcpy(text + owner.n, word.p, word.n);
		return (struct ck_str){text, owner.n + word.n};
	}
	return (struct ck_str){0};
}

struct ck_str ck_keras_full_name(enum ck_convention convention, struct ck_str slot, struct ck_str owner, struct ck_arena *arena)
{
	return convention == CK_KERAS2 ? ck_keras2_full_name(slot, owner, arena) : keras3_full_name(slot, owner, arena);
}

/* All of it. */

bool ck_slots_find_keras(struct ck_slot_finding *finding, size_t optimizer)
{
	const struct ck_graph *graph = finding->manifest->graph;
	const Ck__Tf__Node *node = graph->message->nodes[optimizer];
	size_t at;
	const Ck__Tf__Child *all = find_child(node, CK_STR("_variables"), &at);
	const Ck__Tf__Child *trainable = find_child(node, CK_STR("_trainable_variables"), &at);
	int32_t main_list = trainable ? trainable->node_id : all ? all->node_id : -1;
	if (!all || finding->seen[main_list])
		return true;
	finding->seen[main_list] = true;
	if (trainable)
		return find_keras3(finding, node, node_of(finding, all->node_id), node_of(finding, trainable->node_id), graph->names[optimizer]);
	return ck_slots_find_keras2(finding, node, node_of(finding, all->node_id), graph->names[optimizer]);
}
