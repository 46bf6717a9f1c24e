#include <inttypes.h>

#include "bundle/entry.h"
#include "bundle/path.h"

enum ck_code ck_shards_short(const struct ck_manifest *manifest, uint32_t shard, uint64_t n_bytes, struct ck_str key,
			     struct ck_diags *diags)
{
	struct ck_str path = ck_path_data(diags->arena, manifest->prefix, shard, manifest->n_shards);
	struct ck_diag *diag = ck_error(diags, CK_BAD_SHARD, (struct ck_span){0}, "\"%.*s\" ends after %" PRIu64 " bytes, before \"%.*s\" does",
					CK_STR_ARG(ck_name_text(diags->arena, path)), n_bytes,
					CK_STR_ARG(ck_name_text(diags->arena, key)));
	ck_diag_help(diags, diag, "the file is cut short, or belongs to another index: copy the checkpoint again from where it came");
	return CK_BAD_SHARD;
}

enum ck_code ck_shards_look(const struct ck_manifest *manifest, const struct ck_extent *extents, size_t n, struct ck_diags *diags,
			    bool *ret_has_data)
{
	bool has_data = true;
	for (size_t i = 0; i < n; i++) {
		const struct ck_place *place = &extents[i].place;
		/* Sorted, and without overlaps: the last one of a shard reaches farthest. */
		if (i + 1 < n && extents[i + 1].place.shard == place->shard)
			continue;
		struct ck_str path = ck_path_data(manifest->arena, manifest->prefix, place->shard, manifest->n_shards);
		struct ck_stat found;
		if (!path.p)
			return ck_error_nomem(diags);
		if (!ck_stat_path(path.p, &found))
			return ck_error_io(diags, "look at", path);
		has_data = has_data && found.is_file;
		if (found.is_file && found.size < place->offset + place->n_bytes)
			return ck_shards_short(manifest, place->shard, found.size, extents[i].key, diags);
	}
	*ret_has_data = has_data;
	return CK_OK;
}
