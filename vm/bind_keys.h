/* What bind_keys.c and bind_graph.c share. */
#ifndef CK_VM_BIND_KEYS_H
#define CK_VM_BIND_KEYS_H

#include "vm/bind_internal.h"

struct ck_keys {
	struct ck_binder *binder;
	const struct ck_manifest *source;
	const struct ck_variable *first_slot;		/* of the source; NULL: none */
	const struct ck_variable **kinds;		/* a slot of the source for each suffix */
	size_t n_kinds;
	struct ck_map families;				/* optimizer -> number of its family */
	struct ck_map centered;				/* optimizers that have the slot mg, as a centered RMSProp */
};

struct ck_span ck_made_span(const struct ck_binder *binder, const struct ck_made *made);
/* A message at the target's goal; NULL when its rule has had one. */
CK_PRINTF(4, 5) struct ck_diag *ck_keys_error(struct ck_binder *binder, const struct ck_made *made, enum ck_code code, const char *format, ...);
/* The variable of the source that a slot comes from when that is a slot too, else NULL. */
const struct ck_variable *ck_made_slot_origin(const struct ck_binder *binder, const struct ck_made *made);
/* How a slot is written when there is no template. */
enum ck_convention ck_made_convention(const struct ck_keys *keys, const struct ck_made *made);
/* The name under which TF1 stores a slot. False after a message. */
bool ck_made_tf1_name(struct ck_keys *keys, const struct ck_made *made, struct ck_str *ret_name);

/* bind_graph.c: keys by an edited or a new object graph, which goes to Bound.graph. False after a message. */
bool ck_keys_of_graph(struct ck_keys *keys);

#endif
