/* The graph while it is being edited; inside bundle/ only. graph_edit.c decides places, graph_place.c makes them so, graph_write.c writes. */
#ifndef CK_BUNDLE_GRAPH_EDIT_H
#define CK_BUNDLE_GRAPH_EDIT_H

#include "bundle/graph.h"

#define CK_ATTRIBUTES "/.ATTRIBUTES/"
#define CK_OPTIMIZER_SLOT "/.OPTIMIZER_SLOT/"
#define CK_NONE UINT32_MAX	/* no node, edge or value */

/* Nodes of the source keep their numbers while editing; new ones follow. */
struct ck_edit_node {
	bool is_placed;		/* has a path of its own; other nodes are where edges lead */
	bool is_valued;		/* holds a value (or what only a registered saver understands) */
	bool is_slot;		/* reached through slot_variables */
	bool is_attached;	/* its edge leads there */
	struct ck_str path;	/* if placed; borrowed */
	uint32_t edge;		/* that leads to its path: of the source until it is placed, CK_NONE: none */
	uint32_t first_value;	/* of those it holds, in order; CK_NONE: none */
	uint32_t last_value;
};

struct ck_edit_edge {
	uint32_t from, to;
	struct ck_str local;
	bool is_gone;		/* or waits for its node to be placed */
	bool is_moved;		/* begins at another node than it did */
	const Ck__Tf__Child *old;	/* in the source, whose unknown fields survive; NULL: new */
};

/* One value, taken apart. */
struct ck_edit_value {
	struct ck_str path;	/* of its node */
	struct ck_str tail;	/* after CK_ATTRIBUTES in its key */
	bool is_variable;	/* the attribute VARIABLE_VALUE */
	bool keeps_attribute;	/* number source_attribute of the node that it is in */
	uint32_t node;		/* that holds it; CK_NONE: not yet made */
	uint32_t next;		/* value of the same node */

	/* Slots. */
	bool is_slot;
	struct ck_str owner_path;	/* told by path, owner not known; p NULL: by number */
	struct ck_str optimizer, slot;
	uint32_t optimizer_node, owner_node;
	uint32_t old_optimizer, old_entry;	/* where the source refers to it; CK_NONE: nowhere */
	struct ck_str key_path;	/* of a slot: its key without attribute */
};

struct ck_edit {
	const struct ck_graph *source;	/* NULL: built from names */
	struct ck_graph_value *values;
	size_t n_values;
	struct ck_arena *arena;		/* of the result */
	struct ck_arena *scratch;
	struct ck_diags *diags;
	struct ck_span span;		/* of the value or alias that is looked at, for messages */

	struct ck_edit_value *parts;	/* [n_values] */
	size_t n_old;			/* nodes of the source */
	struct ck_edit_node *nodes;
	size_t n_nodes, nodes_capacity;
	struct ck_edit_edge *edges;
	size_t n_edges, edges_capacity;
	size_t *first_edge;		/* [n_old + 1] of the source's nodes */
	uint32_t root;
	struct ck_map by_path;		/* path -> placed node */
	struct ck_map by_edge;		/* node and local name -> edge */
	struct ck_buf key;		/* room for a key of by_edge */
};

/* "nodes lead to a value": backwards over edges. */
enum ck_edit_seed { CK_SEED_VALUES, CK_SEED_VALUES_AND_SLOTS };

static inline struct ck_str ck_bytes_text(ProtobufCBinaryData bytes)
{
	return (struct ck_str){(const char *)bytes.data, bytes.len};
}

static inline const Ck__Tf__Node *ck_edit_old(const struct ck_edit *edit, uint32_t node)
{
	return node < edit->n_old ? edit->source->message->nodes[node] : NULL;
}

/* All return CK_NONE or false when memory is short. */
uint32_t ck_edit_add_node(struct ck_edit *edit);
void ck_edit_hold(struct ck_edit *edit, uint32_t node, size_t value);
/* A message about edit->span; help may be NULL. Returns code. */
CK_PRINTF(4, 5) enum ck_code ck_edit_error(struct ck_edit *edit, enum ck_code code, const char *help, const char *format, ...);

/* Makes the edges true to the nodes' places, then slots and aliases (graph_place.c). @errors CK_BAD_TARGET_NAME, CK_NOMEM */
CK_NODISCARD enum ck_code ck_edit_place(struct ck_edit *edit);
CK_NODISCARD enum ck_code ck_edit_place_slots(struct ck_edit *edit);
CK_NODISCARD enum ck_code ck_edit_place_aliases(struct ck_edit *edit, const struct ck_graph_alias *aliases, size_t n_aliases);

/* A new edge; local is borrowed. The number, or CK_NONE (graph_place.c). */
uint32_t ck_edit_add_edge(struct ck_edit *edit, uint32_t from, struct ck_str local, uint32_t to);
/* Gives an edge another name. */
CK_NODISCARD bool ck_edit_rename_edge(struct ck_edit *edit, uint32_t edge, struct ck_str local);
/* Optimizers' lists as another generation of Keras has them (graph_keras.c). @errors CK_NOMEM */
CK_NODISCARD enum ck_code ck_edit_convert_lists(struct ck_edit *edit);
/* The number that a name of digits is, below limit; false for other names (graph_write.c). */
bool ck_edit_number(struct ck_str text, size_t limit, size_t *ret_number);

/* leads[i]: node i leads to a value, over edges that are not gone. NULL when memory is short. */
bool *ck_edit_leads(const struct ck_edit *edit, enum ck_edit_seed seed);
/* Prunes, closes lists up, sets keys and makes the message (graph_write.c). @errors CK_BAD_TARGET_NAME, CK_NOMEM */
CK_NODISCARD enum ck_code ck_edit_write(struct ck_edit *edit, struct ck_graph **ret_graph);

#endif
