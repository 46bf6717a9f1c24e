/**
 * The object graph of a TF2 checkpoint (the string tensor _CHECKPOINTABLE_OBJECT_GRAPH, a TrackableObjectGraph message):
 * decoded, queried for names, edited, encoded. Source: tensorflow/core/protobuf/trackable_object_graph.proto,
 * tensorflow/python/checkpoint/{graph_view,save_util,util}.py.
 */
#ifndef CK_BUNDLE_GRAPH_H
#define CK_BUNDLE_GRAPH_H

#include "bundle/base/diag.h"
#include "bundle/checkpoint.pb-c.h"

#define CK_GRAPH_KEY "_CHECKPOINTABLE_OBJECT_GRAPH"
#define CK_ATTRIBUTE_SUFFIX "/.ATTRIBUTES/VARIABLE_VALUE"

struct ck_graph {
	Ck__Tf__ObjectGraph *message;	/* unknown fields survive in it */
	struct ck_arena *arena;		/* of the message, borrowed */
	struct ck_str *names;		/* [n_nodes] the language's name of each node, see below; empty where no path leads */
	bool *is_optimizer;		/* [n_nodes] has slot_variables, or the children _variables and _iterations (Keras 3 before 3.6: iterations; or
				 * _trainable_variables_indices) */
	bool *reachable;		/* [n_nodes] from the root (node 0) */

	/* The walk that gave the names. */
	uint32_t *order;		/* [n_order] reachable nodes, a node after the one its name goes through */
	size_t n_order;
	int32_t *parent;		/* [n_nodes] the node its name goes through; -1: root, or not reachable */
	uint32_t *child;		/* [n_nodes] number of that edge among the parent's children */
	struct ck_map by_name;		/* name -> node */
	struct ck_graph_edge *in;	/* [first_in[n_nodes]] edges by the node that they lead to */
	size_t *first_in;		/* [n_nodes + 1] */
};

/* Edge number `child` of node `from`. */
struct ck_graph_edge {
	uint32_t from, child;
};

/* Edges between the root and any node; more is no model. */
enum { CK_MAX_GRAPH_DEPTH = 1000 };

/**
 * One segment of a path, as TensorFlow escapes it, and back. ck_segment_unescape() wants room for segment.n bytes and gives false
 * for what TensorFlow would not have written (a '.' that neither '.' nor 'S' follows).
 */
size_t ck_segment_escaped_length(struct ck_str local_name);
char *ck_segment_escape(struct ck_str local_name, char *to);	/* returns the end */
CK_NODISCARD bool ck_segment_unescape(struct ck_str segment, char *to, size_t *ret_n);

/**
 * Decodes serialized bytes into arena and checks every node id. Names are computed by a breadth-first walk, children in stored
 * order: the shortest path that passes through no optimizer, else the shortest. A path is written as in checkpoint keys: local
 * names escaped as TensorFlow does ('/' as ".S", '.' as "..") and joined by '/'; the root's is empty.
 * @errors CK_BAD_GRAPH, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_graph_decode(struct ck_str bytes, struct ck_arena *arena, struct ck_diags *diags, struct ck_graph **ret_graph);
/* Fills in everything but message and arena; for graphs that are made, not decoded. @errors CK_BAD_GRAPH, CK_NOMEM */
CK_NODISCARD enum ck_code ck_graph_index(struct ck_graph *graph, struct ck_diags *diags);
/* Serializes the message; appends to out. Deterministic. */
void ck_graph_encode(const struct ck_graph *graph, struct ck_buf *out);

/**
 * Every path that leads to node without visiting a node twice, shortest first, at most `limit` of them (more are silently not
 * listed when *ret_more is set; also where the search would take much longer than its result is worth). Of one length they are in
 * the stored order of children. Paths are in arena.
 */
CK_NODISCARD enum ck_code ck_graph_paths(const struct ck_graph *graph, uint32_t node, size_t limit, struct ck_arena *arena,
					 struct ck_str **ret_paths, size_t *ret_n_paths, bool *ret_more);
/**
 * Names nodes by these paths, where each leads to a node and no path before it names that one or one above it otherwise; what lies
 * below such a node is named through it. For a graph that was made for these names, and is not read back from a checkpoint.
 * @errors CK_BAD_GRAPH (names too long), CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_graph_prefer(struct ck_graph *graph, const struct ck_str *paths, size_t n, struct ck_diags *diags);
/* The node at a path (escaped segments), or -1. */
int32_t ck_graph_find(const struct ck_graph *graph, struct ck_str path);

enum ck_lists { CK_LISTS_STAY, CK_LISTS_KERAS2, CK_LISTS_KERAS3 };

/* What one target becomes in an edited graph. */
struct ck_graph_value {
	struct ck_str path;		/* wanted path (the target's name); for a slot: the path of its owner's target */
	int32_t source_node;		/* node of the variable it comes from (first source, same kind of value), -1: none (new) */
	int32_t source_attribute;	/* number of the attribute there; -1: VARIABLE_VALUE of a new variable */
	/*
	 * Slots (tf2): the value is slot `slot` of `owner`, under `optimizer` (path in the result; the old path of a node that moves
	 * means that node).
	 */
	bool is_slot;
	/* It was a slot by position and is none any more: its optimizer's lists are taken out. */
	bool leaves_list;
	/*
	 * Of slots that stay positional, where another generation of Keras will read them: their optimizer's lists are made over, and
	 * they get the full names by which that one knows them. owner and full_name are read then.
	 */
	enum ck_lists lists;
	struct ck_str full_name;
	/* Slots that stay positional (keras2, keras3): the node stays in its optimizer's list wherever that goes; path is not read. */
	bool is_positional;
	size_t owner;			/* index of the owner in the array of values */
	struct ck_str slot, optimizer;
	struct ck_span span;		/* where a text wants it, for messages */
	/* Filled in by ck_graph_edit(): the checkpoint key, in the arena of the result. */
	struct ck_str key;
};

struct ck_graph_alias {
	struct ck_str path, target;	/* a second path to the variable `target` */
	struct ck_span span;
};

/**
 * Edits the source's graph (or, with graph NULL, builds one from names: `target objects`) so that it holds exactly the values,
 * as the language's section "Object graphs" says: renamed variables' nodes move to their new paths; where all that remains below
 * a node moves by one change of prefix, that node moves with all its edges and attributes, whose keys follow; new paths get
 * nodes; dropped variables lose their attributes and slot references; nodes that then lead to no value go, and so does an optimizer
 * that has nothing left of its own but leads to what it trained; every other edge stays. Sets the key of each value. Of the targets that a value is copied to, the one with its old path keeps its node, else the
 * first; the others get new ones. A target at a path that was a second path of another variable takes that path.
 * An optimizer's lists (children 0, 1, ...) close up where elements went. Values of other attributes than VARIABLE_VALUE are told
 * by source_attribute; their path is the whole key ("a/b/.ATTRIBUTES/table-keys"). A slot of another shape than its owner's is a
 * variable at "owner/.OPTIMIZER_SLOT/optimizer/slot" and stays a slot in the graph.
 * Linear in the size of the graph (but for sorting slots).
 * @errors CK_BAD_TARGET_NAME (path that is empty, taken, or no path of a graph), CK_PARTED_NODE, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_graph_edit(const struct ck_graph *graph, struct ck_graph_value *values, size_t n_values,
					const struct ck_graph_alias *aliases, size_t n_aliases, struct ck_arena *arena,
					struct ck_diags *diags, struct ck_graph **ret_graph);

#endif
