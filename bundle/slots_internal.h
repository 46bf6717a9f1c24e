/* What the files that find optimizer slots share; inside bundle/ only. */
#ifndef CK_BUNDLE_SLOTS_INTERNAL_H
#define CK_BUNDLE_SLOTS_INTERNAL_H

#include "bundle/manifest.h"

struct ck_slot_finding {
	struct ck_manifest *manifest;
	struct ck_arena *scratch;
	struct ck_map by_name;		/* of all variables, before slots take their owners' names */
	struct ck_map by_full_name;	/* -> the last such variable */
	size_t *same_full_name;		/* [n_variables] the one before, or SIZE_MAX */
	size_t *of_node;		/* [n_nodes] the variable that a node holds, or SIZE_MAX */
	bool *seen;			/* [n_nodes] lists that were read: no two optimizers share one, and work stays linear */
	struct ck_str *list_slot;	/* [n_variables] the slot that the list says which has it; p NULL: none has */
};

/* Makes variable `at` a slot of `owner` if it can be one; a slot has its owner's shape and has no slots itself. */
bool ck_slot_set(struct ck_slot_finding *finding, size_t at, size_t owner, enum ck_convention convention, struct ck_str slot,
		 struct ck_str optimizer);
/* The slots of an optimizer's node that has the child `_variables` (slots_keras.c). False only when memory is short. */
bool ck_slots_find_keras(struct ck_slot_finding *finding, size_t optimizer);
/* Of Keras 2: `all` is the list `_variables`, `path` the optimizer's (slots_keras2.c). */
bool ck_slots_find_keras2(struct ck_slot_finding *finding, const Ck__Tf__Node *optimizer, const Ck__Tf__Node *all, struct ck_str path);

struct ck_str ck_keras2_full_name(struct ck_str slot, struct ck_str owner, struct ck_arena *arena);	/* see ck_keras_full_name() */

/* A Keras optimizer's lists, with the slot that each holds. */
enum { CK_MAX_KERAS_LISTS = 16 };

struct ck_keras_lists {
	const Ck__Tf__Node *node[CK_MAX_KERAS_LISTS];	/* NULL: it has none, or another optimizer has the same */
	struct ck_str slot[CK_MAX_KERAS_LISTS];
	bool is_there[CK_MAX_KERAS_LISTS];		/* be it empty */
	size_t n;
};

struct ck_keras_lists ck_keras_lists_find(struct ck_slot_finding *finding, const Ck__Tf__Node *optimizer);

/*
 * Orders in which programs list a model's variables. Of each, where variables stand that no list of the graph tells the order of.
 * OWN_FIRST: Keras layers, their own variables before those of layers in them. OWN_LAST: Keras models. SORTED: tf.Module, which goes
 * through attributes by name.
 */
enum ck_slot_order { CK_ORDER_OWN_FIRST, CK_ORDER_OWN_LAST, CK_ORDER_SORTED };
enum { CK_N_SLOT_ORDERS = CK_ORDER_SORTED + 1 };

/* The place of each variable's node in an order; UINT32_MAX: no variable, or not reached but through an optimizer. */
CK_NODISCARD bool ck_slots_order(const struct ck_slot_finding *finding, enum ck_slot_order order, uint32_t *ret_place);

#endif
