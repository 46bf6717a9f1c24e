#include "bundle/manifest.h"

#include <inttypes.h>
#include <string.h>

#include "bundle/crc32c.h"
#include "bundle/entry.h"
#include "bundle/path.h"
#include "bundle/strings.h"

#define MAX_INDEX ((size_t)2 << 30)
#define ATTRIBUTES "/.ATTRIBUTES/"
enum { MAX_KEY_TAIL = 128 };	/* bytes that a value's key may have after its attribute's: "-values", "_STATE" */

static const char *const convention_names[] = {
	[CK_CONVENTION_NONE] = "none", [CK_TF1] = "tf1", [CK_TF2] = "tf2", [CK_KERAS2] = "keras2", [CK_KERAS3] = "keras3",
};

const char *ck_convention_name(enum ck_convention convention)
{
	return (size_t)convention < CK_COUNT(convention_names) ? convention_names[convention] : "none";
}

/* What stands while the index is being read. */
struct opening {
	struct ck_manifest *manifest;
	struct ck_diags *diags;
	struct ck_arena *scratch;	/* pairs and extents */
	struct ck_entry_reader reader;
	struct ck_pair *pairs;		/* the header first */
	size_t n_pairs;
	bool *is_part;			/* [n_pairs] */
	struct ck_extent *extents;
	size_t n_extents;
};

static enum ck_code read_index(struct opening *opening)
{
	struct ck_manifest *manifest = opening->manifest;
	struct ck_str path = ck_path_index(manifest->arena, manifest->prefix), bytes;
	struct ck_header header = {0};
	if (!path.p)
		return ck_error_nomem(opening->diags);
	if (!ck_read_file(path.p, MAX_INDEX, manifest->arena, &bytes))
		return ck_error_io(opening->diags, "read", path);
	if (!ck_sha256(bytes, manifest->digest))
		return ck_error_nomem(opening->diags);
	opening->reader = (struct ck_entry_reader){.path = path, .arena = manifest->arena, .diags = opening->diags};
	enum ck_code code = ck_table_read(bytes, path, manifest->arena, opening->scratch, opening->diags, &opening->pairs, &opening->n_pairs);
	if (code)
		return code;
	if (opening->n_pairs == 0 || opening->pairs[0].key.n) {
		struct ck_diag *diag = ck_error(opening->diags, CK_BAD_INDEX, (struct ck_span){0}, "\"%.*s\" is damaged: it has no header",
						CK_STR_ARG(ck_name_text(opening->diags->arena, path)));
		ck_diag_help(opening->diags, diag, "copy the file again from where it came, or save the checkpoint again");
		return CK_BAD_INDEX;
	}
	code = ck_header_decode(&opening->reader, opening->pairs[0].value, &header);
	opening->reader.n_shards = header.n_shards;
	manifest->n_shards = header.n_shards;
	manifest->big_endian = header.big_endian;
	return code;
}

static bool is_part_key(struct ck_str key)
{
	return key.n && key.p[0] == '\0';
}

static void add_extent(struct opening *opening, const struct ck_place *place, struct ck_str key)
{
	if (place->n_bytes)
		opening->extents[opening->n_extents++] = (struct ck_extent){*place, key};
}

static enum ck_code read_variable(struct opening *opening, struct ck_pair pair, struct ck_variable *variable)
{
	struct ck_entry entry = {0};
	enum ck_code code = ck_entry_decode(&opening->reader, pair, &entry);
	if (!code && entry.n_slices)
		code = ck_entry_find_parts(&opening->reader, pair.key, &entry, opening->pairs, opening->n_pairs, opening->is_part);
	if (code)
		return code;
	*variable = (struct ck_variable){
		.key = pair.key, .name = pair.key, .dtype = entry.dtype, .shape = entry.shape, .place = entry.place,
		.n_slices = entry.n_slices, .slices = entry.slices, .node = -1, .attribute = -1,
	};
	if (entry.n_slices == 0)
		add_extent(opening, &entry.place, pair.key);
	return CK_OK;
}

/* Parts have entries of their own, which no variable may share. */
static enum ck_code read_parts(struct opening *opening)
{
	for (size_t i = 1; i < opening->n_pairs && is_part_key(opening->pairs[i].key); i++) {
		if (!opening->is_part[i])
			return ck_entry_error(&opening->reader, opening->pairs[i].key, "is that of a slice, but no variable lists it");
	}
	for (size_t i = 0; i < opening->manifest->n_variables; i++) {
		const struct ck_variable *variable = &opening->manifest->variables[i];
		for (size_t j = 0; j < variable->n_slices; j++)
			add_extent(opening, &variable->slices[j].place, variable->key);
	}
	return CK_OK;
}

static enum ck_code read_entries(struct opening *opening)
{
	struct ck_manifest *manifest = opening->manifest;
	manifest->variables = ck_arena_array(manifest->arena, opening->n_pairs, sizeof(*manifest->variables));
	opening->is_part = ck_arena_array(opening->scratch, opening->n_pairs, sizeof(*opening->is_part));
	/* Two variables cannot share a part: its key holds the name of its variable. */
	opening->extents = ck_arena_array(opening->scratch, opening->n_pairs, sizeof(*opening->extents));
	if (!manifest->variables || !opening->is_part || !opening->extents)
		return ck_error_nomem(opening->diags);
	enum ck_code code = CK_OK;
	for (size_t i = 1; i < opening->n_pairs && !code; i++) {
		if (is_part_key(opening->pairs[i].key))
			continue;
		struct ck_variable *variable = &manifest->variables[manifest->n_variables++];
		code = read_variable(opening, opening->pairs[i], variable);
		if (!code && !ck_add(manifest->n_bytes, variable->place.n_bytes, &manifest->n_bytes))
			code = ck_entry_error(&opening->reader, variable->key, "has more bytes than a disk can hold");
	}
	if (!code)
		code = read_parts(opening);
	if (!code)
		code = ck_extents_check(&opening->reader, opening->extents, opening->n_extents);
	return code ? code : ck_shards_look(manifest, opening->extents, opening->n_extents, opening->diags, &manifest->has_data);
}

static enum ck_code bad_graph(struct opening *opening, const char *what)
{
	ck_error(opening->diags, CK_BAD_GRAPH, (struct ck_span){0}, "the object graph of \"%.*s\" %s",
		 CK_STR_ARG(ck_name_text(opening->diags->arena, opening->manifest->path)), what);
	return CK_BAD_GRAPH;
}

static enum ck_code decode_graph(struct opening *opening, struct ck_str bytes)
{
	struct ck_manifest *manifest = opening->manifest;
	manifest->graph_bytes = bytes;
	size_t n_before = opening->diags->n_items;
	enum ck_code code = ck_graph_decode(bytes, manifest->arena, opening->diags, &manifest->graph);
	for (size_t i = n_before; i < opening->diags->n_items && code; i++)
		ck_diag_note(opening->diags, opening->diags->items[i], "in the object graph of \"%.*s\"",
			     CK_STR_ARG(ck_name_text(opening->diags->arena, manifest->path)));
	return code;
}

/* Its bytes are at hand. */
static enum ck_code read_graph(struct opening *opening, const struct ck_variable *variable)
{
	struct ck_manifest *manifest = opening->manifest;
	struct ck_data *data;
	struct ck_str *strings;
	size_t n;
	enum ck_code code = ck_data_open(manifest, opening->diags, &data);
	if (code)
		return code;
	code = ck_data_strings(data, variable, manifest->arena, opening->diags, &strings, &n);
	ck_data_close(data);
	return code ? code : decode_graph(opening, strings[0]);
}

/* graph: its bytes; p is NULL when they have to be read. */
static enum ck_code find_graph(struct opening *opening, struct ck_str graph)
{
	struct ck_manifest *manifest = opening->manifest;
	size_t at;
	if (!ck_map_get(&manifest->by_key, CK_STR(CK_GRAPH_KEY), &at))
		return CK_OK;
	struct ck_variable *variable = &manifest->variables[at];
	if (variable->dtype != CK_DT_STRING || variable->shape.rank || variable->n_slices)
		return bad_graph(opening, "is no single string");
	variable->kind = CK_GRAPH;
	manifest->object_based = true;
	manifest->n_bytes -= variable->place.n_bytes;
	if (!manifest->has_data)
		return CK_OK;
	return graph.p ? decode_graph(opening, graph) : read_graph(opening, variable);
}

/* The attribute whose key is exactly that of the index, or begins it: tables and iterators store several values, or add a tail. */
static const Ck__Tf__Attribute *find_attribute(const struct ck_manifest *manifest, const struct ck_map *keys, struct ck_variable *variable)
{
	struct ck_str key = variable->key;
	size_t least = key.n > MAX_KEY_TAIL ? key.n - MAX_KEY_TAIL : 1, at;
	for (; key.n >= least && key.n; key.n--) {
		if (key.p[key.n - 1] == '/')
			break;
		if (!ck_map_get(keys, key, &at))
			continue;
		const Ck__Tf__Node *node = manifest->graph->message->nodes[at >> 32];
		variable->node = (int32_t)(at >> 32);
		variable->attribute = (int32_t)(at & UINT32_MAX);
		return node->attributes[variable->attribute];
	}
	return NULL;
}

static bool bytes_equal(ProtobufCBinaryData bytes, struct ck_str text)
{
	return ck_str_equal((struct ck_str){(const char *)bytes.data, bytes.len}, text);
}

/* Names by the keys alone, as an index without its data tells them. */
static void name_by_key(struct ck_variable *variable)
{
	struct ck_str suffix = CK_STR(CK_ATTRIBUTE_SUFFIX), key = variable->key;
	if (ck_str_ends(key, suffix) && key.n > suffix.n)
		variable->name = ck_str_slice(key, 0, key.n - suffix.n);
	else if (memmem(key.p, key.n, ATTRIBUTES, sizeof(ATTRIBUTES) - 1))
		variable->kind = CK_ATTRIBUTE;
}

static void name_by_graph(const struct ck_manifest *manifest, const struct ck_map *keys, struct ck_variable *variable)
{
	const Ck__Tf__Attribute *attribute = find_attribute(manifest, keys, variable);
	if (!attribute) {
		name_by_key(variable);
		return;
	}
	bool whole = bytes_equal(attribute->checkpoint_key, variable->key);
	variable->full_name = (struct ck_str){(const char *)attribute->full_name.data, attribute->full_name.len};
	if (!whole || !bytes_equal(attribute->name, CK_STR("VARIABLE_VALUE")))
		variable->kind = CK_ATTRIBUTE;
	else if (manifest->graph->reachable[variable->node] && manifest->graph->names[variable->node].n)
		variable->name = manifest->graph->names[variable->node];
	else
		name_by_key(variable);
}

/* key -> node and attribute of the graph, in one number; the first that has a key keeps it. */
static bool map_attributes(const struct ck_graph *graph, struct ck_map *keys)
{
	for (size_t node = 0; node < graph->message->n_nodes; node++) {
		const Ck__Tf__Node *from = graph->message->nodes[node];
		for (size_t i = 0; i < from->n_attributes; i++) {
			ProtobufCBinaryData bytes = from->attributes[i]->checkpoint_key;
			struct ck_str key = {(const char *)bytes.data, bytes.len};
			size_t there;
			if (key.n && !ck_map_get(keys, key, &there) && !ck_map_put(keys, key, node << 32 | i))
				return false;
		}
	}
	return true;
}

static bool name_all(struct ck_manifest *manifest, struct ck_arena *scratch)
{
	struct ck_map keys, taken;
	ck_map_init(&keys, scratch);
	ck_map_init(&taken, scratch);
	if (!ck_map_reserve(&keys, manifest->n_variables) || !ck_map_reserve(&taken, manifest->n_variables) ||
	    (manifest->graph && !map_attributes(manifest->graph, &keys)))
		return false;
	for (size_t i = 0; i < manifest->n_variables; i++) {
		struct ck_variable *variable = &manifest->variables[i];
		if (variable->kind == CK_GRAPH)
			continue;
		if (manifest->graph)
			name_by_graph(manifest, &keys, variable);
		else
			name_by_key(variable);
		if (variable->node >= 0 && !ck_map_put(&taken, variable->name, i))
			return false;
	}
	/* A key that no node mentions may look like the path of one that another has. */
	for (size_t i = 0; i < manifest->n_variables; i++) {
		struct ck_variable *variable = &manifest->variables[i];
		size_t other;
		if (variable->node < 0 && ck_map_get(&taken, variable->name, &other))
			variable->name = variable->key;
	}
	return true;
}

static enum ck_code name_variables(struct opening *opening)
{
	if (!opening->manifest->object_based)
		return CK_OK;
	struct ck_arena *scratch = ck_arena_new(CK_MANIFEST_LIMIT);
	bool good = scratch && name_all(opening->manifest, scratch);
	ck_arena_free(scratch);
	return good ? CK_OK : ck_error_nomem(opening->diags);
}

static enum ck_code index_keys(struct opening *opening)
{
	struct ck_manifest *manifest = opening->manifest;
	ck_map_init(&manifest->by_key, manifest->arena);
	if (!ck_map_reserve(&manifest->by_key, manifest->n_variables))
		return ck_error_nomem(opening->diags);
	for (size_t i = 0; i < manifest->n_variables; i++) {
		if (!ck_map_put(&manifest->by_key, manifest->variables[i].key, i))
			return ck_error_nomem(opening->diags);
	}
	return CK_OK;
}

enum ck_code ck_manifest_index_names(struct ck_manifest *manifest, struct ck_diags *diags)
{
	struct ck_map slots;	/* owner and slot -> index of the first such */
	ck_map_init(&slots, manifest->arena);
	ck_map_init(&manifest->by_name, manifest->arena);
	if (!ck_map_reserve(&manifest->by_name, manifest->n_variables))
		return ck_error_nomem(diags);
	for (size_t i = 0; i < manifest->n_variables; i++) {
		struct ck_variable *variable = &manifest->variables[i];
		size_t other;
		variable->two_optimizers = false;
		if (variable->convention == CK_CONVENTION_NONE) {
			if (variable->kind != CK_GRAPH && !ck_map_put(&manifest->by_name, variable->name, i))
				return ck_error_nomem(diags);
			continue;
		}
		struct ck_str key = ck_str_format(manifest->arena, "%zu@%.*s", variable->owner, CK_STR_ARG(variable->slot));
		if (key.p && ck_map_get(&slots, key, &other))
			variable->two_optimizers = manifest->variables[other].two_optimizers = true;
		else if (!key.p || !ck_map_put(&slots, key, i))
			return ck_error_nomem(diags);
	}
	return CK_OK;
}

/* Names as those that made the checkpoint gave them. */
static enum ck_code prefer_names(struct opening *opening, const struct ck_stored *items)
{
	struct ck_manifest *manifest = opening->manifest;
	struct ck_str *paths = ck_arena_array(manifest->arena, manifest->n_variables + 1, sizeof(*paths));
	size_t n = 0;
	if (!paths)
		return ck_error_nomem(opening->diags);
	for (size_t i = 0; i < manifest->n_variables; i++) {
		if (items[i].name.n)
			paths[n++] = items[i].name;
	}
	return ck_graph_prefer(manifest->graph, paths, n, opening->diags);
}

/* What follows from the entries. items: NULL, or what is known of them. */
static enum ck_code name_entries(struct opening *opening, struct ck_str graph, const struct ck_stored *items)
{
	enum ck_code code = index_keys(opening);
	if (!code)
		code = find_graph(opening, graph);
	if (!code && items && opening->manifest->graph)
		code = prefer_names(opening, items);
	if (!code)
		code = name_variables(opening);
	if (!code)
		code = ck_manifest_find_slots(opening->manifest, NULL, 0, opening->diags);
	return code ? code : ck_manifest_index_names(opening->manifest, opening->diags);
}

static enum ck_code open_all(struct opening *opening)
{
	struct ck_manifest *manifest = opening->manifest;
	enum ck_code code = ck_path_resolve(manifest->path, manifest->arena, opening->diags, &manifest->prefix);
	if (!code)
		code = read_index(opening);
	if (!code)
		code = read_entries(opening);
	return code ? code : name_entries(opening, (struct ck_str){NULL, 0}, NULL);
}

enum ck_code ck_manifest_open(struct ck_str path, struct ck_diags *diags, struct ck_manifest **ret_manifest)
{
	struct ck_arena *arena = ck_arena_new(CK_MANIFEST_LIMIT);
	struct ck_manifest *manifest = arena ? ck_arena_alloc(arena, sizeof(*manifest)) : NULL;
	if (!manifest) {
		ck_arena_free(arena);
		return ck_error_nomem(diags);
	}
	manifest->arena = arena;
	manifest->path = ck_str_copy(arena, path);
	struct opening opening = {.manifest = manifest, .diags = diags, .scratch = ck_arena_new(CK_MANIFEST_LIMIT)};
	enum ck_code code = opening.scratch ? open_all(&opening) : ck_error_nomem(diags);
	ck_entry_reader_clear(&opening.reader);
	ck_arena_free(opening.scratch);
	if (!code && ck_arena_failed(arena))
		code = ck_error_nomem(diags);
	if (code)
		ck_manifest_free(manifest);
	else
		*ret_manifest = manifest;
	return code;
}

enum ck_code ck_manifest_of(struct ck_str path, const struct ck_stored *items, size_t n, struct ck_str graph, struct ck_arena *arena,
			    struct ck_diags *diags, struct ck_manifest **ret_manifest)
{
	struct ck_manifest *manifest = ck_arena_alloc(arena, sizeof(*manifest));
	struct ck_variable *variables = ck_arena_array(arena, n + 1, sizeof(*variables));
	struct opening opening = {.manifest = manifest, .diags = diags};
	if (!manifest || !variables)
		return ck_error_nomem(diags);
	*manifest = (struct ck_manifest){.path = path, .prefix = path, .has_data = true, .n_shards = 1, .variables = variables,
					 .n_variables = n, .arena = arena};
	for (size_t i = 0; i < n; i++) {
		variables[i] = (struct ck_variable){.key = items[i].key, .name = items[i].key, .dtype = items[i].dtype,
						    .shape = items[i].shape, .place = {.n_bytes = items[i].n_bytes}, .node = -1,
						    .attribute = -1};
		manifest->n_bytes += items[i].n_bytes;
		manifest->has_data = manifest->has_data && (graph.n || !ck_str_equal(items[i].key, CK_STR(CK_GRAPH_KEY)));
	}
	enum ck_code code = name_entries(&opening, graph, items);
	if (!code)
		*ret_manifest = manifest;
	return code;
}

void ck_manifest_free(struct ck_manifest *manifest)
{
	if (manifest)
		ck_arena_free(manifest->arena);
}

enum ck_code ck_manifest_supported(const struct ck_manifest *manifest, struct ck_diags *diags)
{
	struct ck_str path = ck_name_text(diags->arena, manifest->path);
	if (manifest->big_endian) {
		ck_error(diags, CK_FORMAT_NOT_AVAILABLE, (struct ck_span){0}, "\"%.*s\" is big-endian; this version migrates little-endian "
			 "checkpoints only", CK_STR_ARG(path));
		return CK_FORMAT_NOT_AVAILABLE;
	}
	for (size_t i = 0; i < manifest->n_variables; i++) {
		const struct ck_variable *variable = &manifest->variables[i];
		if (variable->n_slices == 0 || ck_dtype_width(variable->dtype))
			continue;
		struct ck_diag *diag = ck_error(diags, CK_FORMAT_NOT_AVAILABLE, (struct ck_span){0}, "\"%.*s\" of \"%.*s\" is partitioned (%zu "
						"slices); this version does not migrate partitioned strings",
						CK_STR_ARG(ck_name_text(diags->arena, variable->name)), CK_STR_ARG(path),
						variable->n_slices);
		ck_diag_help(diags, diag, "restore the checkpoint in TensorFlow without partitioners and save it again");
		return CK_FORMAT_NOT_AVAILABLE;
	}
	return CK_OK;
}

struct ck_str ck_variable_label(const struct ck_manifest *manifest, const struct ck_variable *variable, struct ck_arena *arena)
{
	if (variable->convention == CK_CONVENTION_NONE)
		return variable->name;
	struct ck_str owner = manifest->variables[variable->owner].name;
	if (!variable->two_optimizers)
		return ck_str_format(arena, "%.*s@%.*s", CK_STR_ARG(owner), CK_STR_ARG(variable->slot));
	return ck_str_format(arena, "%.*s@%.*s/%.*s", CK_STR_ARG(owner), CK_STR_ARG(variable->optimizer), CK_STR_ARG(variable->slot));
}
