/* Values for ck_graph_edit() from a manifest and renames, as a binder makes them; and a graph as text. */
#ifndef CK_TESTS_UNIT_BUNDLE_EDIT_H
#define CK_TESTS_UNIT_BUNDLE_EDIT_H

#include <string.h>

#include "bundle/manifest.h"

/*
 * Of the rules the first counts whose `from` is the name, or begins it and ends in '/', or is "" for all names. `to` takes its
 * place; NULL drops.
 */
struct rename {
	const char *from, *to;
};

static inline bool renamed(struct ck_arena *to_arena, const struct rename *renames, size_t n, struct ck_str name, struct ck_str *ret_name)
{
	for (size_t i = 0; i < n; i++) {
		struct ck_str from = ck_str(renames[i].from);
		bool whole = ck_str_equal(name, from), prefix = from.n == 0 || (ck_str_ends(from, CK_STR("/")) && ck_str_starts(name, from));
		if (!whole && !prefix)
			continue;
		if (!renames[i].to)
			return false;
		*ret_name = ck_str_format(to_arena, "%s%.*s", renames[i].to, (int)(name.n - from.n), name.p + from.n);
		return true;
	}
	*ret_name = name;
	return true;
}

/* The values of a manifest's variables under renames; ret_from[i] is the variable that value i comes from. */
static inline struct ck_graph_value *make_values(struct ck_arena *to_arena, const struct ck_manifest *manifest, const struct rename *renames,
						 size_t n_renames, size_t **ret_from, size_t *ret_n)
{
	struct ck_graph_value *values = ck_arena_array(to_arena, manifest->n_variables, sizeof(*values));
	size_t *from = ck_arena_array(to_arena, manifest->n_variables, sizeof(*from)), n = 0;
	size_t *value_of = ck_arena_array(to_arena, manifest->n_variables, sizeof(*value_of));
	for (int slots = 0; slots < 2; slots++) {
		for (size_t i = 0; i < manifest->n_variables; i++) {
			const struct ck_variable *variable = &manifest->variables[i];
			struct ck_graph_value *value = &values[n];
			bool is_slot = variable->convention != CK_CONVENTION_NONE;
			if (variable->kind == CK_GRAPH || is_slot != (slots == 1))
				continue;
			value_of[i] = SIZE_MAX;
			if (!renamed(to_arena, renames, n_renames, variable->name, &value->path) || (is_slot && value_of[variable->owner] == SIZE_MAX))
				continue;
			value->source_node = variable->node;
			value->source_attribute = variable->attribute;
			value->is_slot = variable->convention == CK_TF2;
			value->is_positional = is_slot && !value->is_slot;
			if (is_slot)
				value->owner = value_of[variable->owner];
			value->slot = variable->slot;
			value->optimizer = variable->optimizer;
			value_of[i] = n;
			from[n++] = i;
		}
	}
	*ret_from = from;
	*ret_n = n;
	return values;
}

/* A line a node: number, children, attributes (key, full name), slots, and '-' where has_checkpoint_values is false. */
static inline const char *graph_text(struct ck_arena *to_arena, const struct ck_graph *graph)
{
	struct ck_buf out = {0};
	for (size_t i = 0; i < graph->message->n_nodes; i++) {
		const Ck__Tf__Node *node = graph->message->nodes[i];
		ck_buf_printf(&out, "%zu", i);
		for (size_t k = 0; k < node->n_children; k++)
			ck_buf_printf(&out, " %.*s>%d", (int)node->children[k]->local_name.len, (const char *)node->children[k]->local_name.data,
				      node->children[k]->node_id);
		for (size_t k = 0; k < node->n_attributes; k++) {
			const Ck__Tf__Attribute *attribute = node->attributes[k];
			ck_buf_printf(&out, " [%.*s = %.*s]", (int)attribute->checkpoint_key.len, (const char *)attribute->checkpoint_key.data,
				      (int)attribute->full_name.len, (const char *)attribute->full_name.data);
		}
		for (size_t k = 0; k < node->n_slot_variables; k++) {
			const Ck__Tf__SlotVariable *slot = node->slot_variables[k];
			ck_buf_printf(&out, " %d@%.*s=%d", slot->original_variable_node_id, (int)slot->slot_name.len,
				      (const char *)slot->slot_name.data, slot->slot_variable_node_id);
		}
		ck_buf_printf(&out, "%s\n", node->has_checkpoint_values && !node->has_checkpoint_values->value ? " -" : "");
	}
	const char *text = ck_str_copy(to_arena, ck_buf_view(&out)).p;
	ck_buf_clear(&out);
	/* Keys without what they all end in. */
	for (char *at = strstr(text, CK_ATTRIBUTE_SUFFIX); at; at = strstr(text, CK_ATTRIBUTE_SUFFIX))
		memmove(at, at + strlen(CK_ATTRIBUTE_SUFFIX), strlen(at + strlen(CK_ATTRIBUTE_SUFFIX)) + 1);
	return text;
}

#endif
