/* Checksums of ranges: sources before they are read, the output after it was written, whole checkpoints. */
#include <inttypes.h>
#include <string.h>

#include "bundle/crc32c.h"
#include "vm/exec_internal.h"

/* Ranges are read in pieces, so that threads share large ones; of whole chunks of statistics, whatever the dtype. */
enum { PIECE = 16 << 20, CHECKED = 256 << 10 };
_Static_assert(PIECE % CK_EXEC_BUFFER == 0 && CK_EXEC_BUFFER % (CK_STATISTICS_CHUNK * 16) == 0, "chunks fit buffers, and these pieces");

struct piece {
	size_t scan;
	uint64_t offset, n;
	uint32_t crc;
	struct ck_partial partial;
};

struct pieces {
	struct ck_scan *scans;
	struct piece *items;
	size_t n;
};

static enum ck_code read_piece(const struct ck_scan *scan, uint64_t offset, size_t n, void *buffer, struct ck_diags *diags)
{
	if (scan->data)
		return ck_data_read(scan->data, scan->variable, scan->offset + offset, n, buffer, diags);
	if (ck_pread_all(scan->fd, buffer, n, scan->offset + offset))
		return CK_OK;
	return ck_error_io(diags, "read back", scan->label);
}

/* Bytes that were read: their checksum, and statistics chunk by chunk while they are in cache. */
static void look_at(const struct ck_scan *scan, struct piece *piece, const uint8_t *bytes, size_t n)
{
	size_t width = ck_dtype_width(scan->statistics_of), n_chunk = width ? CK_STATISTICS_CHUNK * width : CHECKED;

	for (size_t at = 0, part; at < n; at += part) {
		struct ck_partial chunk;

		part = n - at < n_chunk ? n - at : n_chunk;
		piece->crc = ck_crc32c(piece->crc, bytes + at, part);
		if (!width)
			continue;
		ck_statistics_chunk(scan->statistics_of, bytes + at, part / width, &chunk);
		ck_statistics_combine(&piece->partial, &chunk);
	}
}

static enum ck_code scan_piece(struct ck_exec *exec, struct ck_exec_worker *worker, void *context, size_t item)
{
	struct pieces *pieces = context;
	struct piece *piece = &pieces->items[item];
	const struct ck_scan *scan = &pieces->scans[piece->scan];
	enum ck_code code = CK_OK;

	if (scan->whole)
		code = ck_data_check(scan->data, scan->variable, worker->tile, CK_EXEC_BUFFER, &worker->diags);
	for (uint64_t at = 0, n; at < piece->n && !scan->whole && code == CK_OK; at += n) {
		n = piece->n - at < CK_EXEC_BUFFER ? piece->n - at : CK_EXEC_BUFFER;
		code = read_piece(scan, piece->offset + at, (size_t)n, worker->tile, &worker->diags);
		if (code == CK_OK)
			look_at(scan, piece, worker->tile, (size_t)n);
	}
	if (scan->data)
		worker->worker.n_read += piece->n;
	ck_exec_progress(exec, worker, piece->n);
	return code;
}

static bool cut_into_pieces(struct pieces *pieces, size_t n_scans)
{
	size_t n = 0;

	for (size_t i = 0; i < n_scans; i++)
		n += pieces->scans[i].whole ? 1 : (size_t)(pieces->scans[i].n_bytes / PIECE) + 1;
	pieces->items = ck_alloc((n + 1) * sizeof(*pieces->items));
	if (!pieces->items)
		return false;
	for (size_t i = 0; i < n_scans; i++) {
		const struct ck_scan *scan = &pieces->scans[i];
		uint64_t offset = 0;

		do {
			uint64_t part = scan->whole || scan->n_bytes - offset < PIECE ? scan->n_bytes - offset : PIECE;

			pieces->items[pieces->n++] = (struct piece){ .scan = i, .offset = offset, .n = part };
			offset += part;
		} while (offset < scan->n_bytes);
	}
	return true;
}

enum ck_code ck_exec_scan(struct ck_exec *exec, struct ck_scan *scans, size_t n_scans)
{
	struct pieces pieces = { .scans = scans };
	enum ck_code code;

	if (!cut_into_pieces(&pieces, n_scans))
		return ck_error_nomem(exec->diags);
	code = ck_exec_parallel(exec, pieces.n, scan_piece, NULL, &pieces);
	for (size_t i = 0; i < pieces.n && code == CK_OK; i++) {
		struct piece *piece = &pieces.items[i];
		struct ck_scan *scan = &scans[piece->scan];

		scan->crc = piece->offset ? ck_crc32c_combine(scan->crc, piece->crc, piece->n) : piece->crc;
		ck_statistics_combine(&scan->partial, &piece->partial);
	}
	ck_free(pieces.items);
	return code;
}

/* ---- variables */

struct ck_scan ck_scan_variable(const struct ck_data *data, const struct ck_variable *variable)
{
	bool whole = variable->n_slices || ck_dtype_width(variable->dtype) == 0;

	return (struct ck_scan){ .data = data, .variable = variable, .n_bytes = variable->place.n_bytes, .whole = whole };
}

static enum ck_code compare(const struct ck_scan *scan, struct ck_diags *diags)
{
	const struct ck_variable *variable = scan->variable;
	uint32_t stored = ck_crc32c_unmask(variable->place.crc);
	struct ck_diag *diag;

	if (scan->whole || scan->crc == stored)
		return CK_OK;
	diag = ck_error(diags, CK_BAD_CHECKSUM, (struct ck_span){ 0 },
			"\"%.*s\" is damaged in \"%.*s\": its bytes have the checksum %08" PRIx32 ", but the index says %08" PRIx32,
			CK_STR_ARG(ck_name_text(diags->arena, variable->key)),
			CK_STR_ARG(ck_name_text(diags->arena, ck_data_manifest(scan->data)->path)), scan->crc, stored);
	ck_diag_note(diags, diag, "bytes %" PRIu64 " to %" PRIu64 " of data file %" PRIu32, variable->place.offset,
		     variable->place.offset + variable->place.n_bytes, variable->place.shard);
	ck_diag_help(diags, diag, "copy the checkpoint again from where it came, or use an older one");
	return CK_BAD_CHECKSUM;
}

/* Scans variables and tells every one that is damaged. */
static enum ck_code check_variables(struct ck_exec *exec, struct ck_scan *scans, size_t n)
{
	enum ck_code code = ck_exec_scan(exec, scans, n), first = CK_OK;

	for (size_t i = 0; i < n && code == CK_OK; i++) {
		enum ck_code one = compare(&scans[i], exec->diags);

		first = first == CK_OK ? one : first;
	}
	return code == CK_OK ? first : code;
}

/*
 * Was all of a variable read, once, with the checksum of the index? If not, it is scanned: parts may have been read twice or not
 * at all.
 */
static bool is_read_whole(const struct ck_exec *exec, size_t input, size_t number)
{
	const struct ck_variable *variable = &exec->inputs->manifests[input]->variables[number];
	const struct ck_read_sum *sum = &exec->sums[input][number];

	return ck_dtype_width(variable->dtype) && !variable->n_slices && sum->n_bytes == variable->place.n_bytes &&
	       ck_crc32c_whole(sum->parts, variable->place.n_bytes) == ck_crc32c_unmask(variable->place.crc);
}

/* A copied variable's bytes have passed through memory. Strings and variants have checksums of their own kind. */
static bool is_copied_whole(const struct ck_exec_target *target)
{
	return ck_dtype_width(target->variable->dtype) && target->crc == ck_crc32c_unmask(target->variable->place.crc);
}

static enum ck_code changed_meanwhile(struct ck_exec *exec, const struct ck_exec_target *target)
{
	struct ck_diag *diag = ck_error(exec->diags, CK_BAD_CHECKSUM, (struct ck_span){ 0 }, "\"%.*s\" was read twice with different bytes",
					CK_STR_ARG(ck_name_text(exec->diags->arena, target->variable->key)));

	ck_diag_help(exec->diags, diag, "something writes to %.*s: run again when it is done",
		     CK_STR_ARG(ck_name_text(exec->diags->arena, exec->inputs->manifests[target->input]->path)));
	return CK_BAD_CHECKSUM;
}

enum ck_code ck_exec_check_sources(struct ck_exec *exec, bool all)
{
	struct ck_scan *scans;
	size_t n = exec->message->n_targets;
	enum ck_code code;

	for (size_t i = 0; i < exec->n_data; i++)
		n += exec->data[i] ? exec->inputs->manifests[i]->n_variables : 0;
	scans = ck_alloc((n + 1) * sizeof(*scans));
	if (!scans)
		return ck_error_nomem(exec->diags);
	n = 0;
	for (size_t i = 0; i < exec->n_data; i++)
		for (size_t j = 0; exec->data[i] && j < exec->inputs->manifests[i]->n_variables; j++)
			if (exec->loaded[i][j] && !is_read_whole(exec, i, j))
				scans[n++] = ck_scan_variable(exec->data[i], &exec->inputs->manifests[i]->variables[j]);
	for (size_t i = 0; i < exec->message->n_targets; i++)
		if ((exec->targets[i].way == CK_WAY_COPY && !is_copied_whole(&exec->targets[i])) || (all && exec->targets[i].way == CK_WAY_LINK))
			scans[n++] = ck_scan_variable(exec->targets[i].data, exec->targets[i].variable);
	for (size_t i = 0; i < n; i++)
		exec->n_all += scans[i].n_bytes;
	code = check_variables(exec, scans, n);
	for (size_t i = 0; i < exec->message->n_targets && code == CK_OK; i++)
		if (exec->targets[i].way == CK_WAY_COPY && ck_dtype_width(exec->targets[i].variable->dtype) && !is_copied_whole(&exec->targets[i]))
			code = changed_meanwhile(exec, &exec->targets[i]);
	ck_free(scans);
	return code;
}

/* ---- the output */

static enum ck_code written_differs(struct ck_exec *exec, const Ck__Plan__Target *target, uint32_t wanted, uint32_t found)
{
	struct ck_diag *diag = ck_error(exec->diags, CK_VERIFY_FAILED, (struct ck_span){ 0 },
					"\"%.*s\" was written with the checksum %08" PRIx32 ", and reads back with %08" PRIx32,
					CK_STR_ARG(ck_name_text(exec->diags->arena, ck_str_of(target->label))), wanted, found);

	ck_diag_note(exec->diags, diag, "bytes %" PRIu64 " to %" PRIu64 " of output data file %" PRIu32, target->offset,
		     target->offset + target->n_bytes, target->shard);
	ck_diag_help(exec->diags, diag, "the output is not kept; look at the disk it was written to, then run again");
	return CK_VERIFY_FAILED;
}

struct ck_scan ck_scan_target(const struct ck_exec *exec, size_t number, bool statistics)
{
	const Ck__Plan__Target *target = exec->message->targets[number];
	enum ck_dtype dtype = (enum ck_dtype)target->dtype;

	return (struct ck_scan){ .fd = ck_writer_fd(exec->writer, target->shard), .offset = target->offset, .n_bytes = target->n_bytes,
				 .label = ck_str_of(target->label),
				 .statistics_of = statistics && ck_dtype_has_statistics(dtype) ? dtype : CK_DT_NONE };
}

enum ck_code ck_exec_check_written(struct ck_exec *exec, bool all)
{
	size_t n_targets = exec->message->n_targets, n = 0;
	struct ck_scan *scans = ck_alloc((n_targets + 1) * sizeof(*scans));
	size_t *numbers = ck_alloc((n_targets + 1) * sizeof(*numbers));
	enum ck_code code = scans && numbers ? CK_OK : ck_error_nomem(exec->diags);

	for (size_t i = 0; i < n_targets && code == CK_OK; i++) {
		const struct ck_exec_target *target = &exec->targets[i];

		/* What is linked is the source's bytes: their checksums are checked there. */
		if ((target->way == CK_WAY_LINK || (!all && target->way == CK_WAY_COPY)) && !target->wants_statistics)
			continue;
		numbers[n] = i;
		scans[n] = ck_scan_target(exec, i, target->way == CK_WAY_TILES || target->wants_statistics);
		exec->n_all += scans[n++].n_bytes;
	}
	if (code == CK_OK)
		code = ck_exec_scan(exec, scans, n);
	for (size_t i = 0; i < n && code == CK_OK; i++) {
		if (exec->targets[numbers[i]].way != CK_WAY_LINK && scans[i].crc != exec->targets[numbers[i]].crc)
			code = written_differs(exec, exec->message->targets[numbers[i]], exec->targets[numbers[i]].crc, scans[i].crc);
		if (scans[i].statistics_of != CK_DT_NONE)
			ck_statistics_finish(&scans[i].partial, &exec->report->targets[numbers[i]].statistics);
	}
	ck_free(scans);
	ck_free(numbers);
	return code;
}

enum ck_code ck_exec_statistics(struct ck_exec *exec, const size_t *targets, size_t n_targets)
{
	struct ck_scan *scans = ck_alloc((n_targets + 1) * sizeof(*scans));
	size_t *numbers = ck_alloc((n_targets + 1) * sizeof(*numbers)), n = 0;
	enum ck_code code = scans && numbers ? CK_OK : ck_error_nomem(exec->diags);

	for (size_t i = 0; i < n_targets && code == CK_OK; i++) {
		if (exec->report->targets[targets[i]].statistics.valid)
			continue;
		numbers[n] = targets[i];
		scans[n++] = ck_scan_target(exec, targets[i], true);
	}
	if (code == CK_OK)
		code = ck_exec_scan(exec, scans, n);
	for (size_t i = 0; i < n && code == CK_OK; i++)
		if (scans[i].statistics_of != CK_DT_NONE)
			ck_statistics_finish(&scans[i].partial, &exec->report->targets[numbers[i]].statistics);
	ck_free(scans);
	ck_free(numbers);
	return code;
}

/* ---- whole checkpoints */

static enum ck_code verify_all(struct ck_exec *exec, const struct ck_manifest *manifest, const struct ck_data *data)
{
	struct ck_scan *scans = ck_alloc((manifest->n_variables + 1) * sizeof(*scans));
	enum ck_code code;

	if (!scans)
		return ck_error_nomem(exec->diags);
	for (size_t i = 0; i < manifest->n_variables; i++) {
		scans[i] = ck_scan_variable(data, &manifest->variables[i]);
		exec->n_all += scans[i].n_bytes;
	}
	code = check_variables(exec, scans, manifest->n_variables);
	ck_free(scans);
	return code;
}

enum ck_code ck_verify_checkpoint(const struct ck_manifest *manifest, size_t n_jobs, uint64_t memory, struct ck_diags *diags,
				  uint64_t *ret_n_variables, uint64_t *ret_n_bytes)
{
	struct ck_arena *arena = ck_arena_new(CK_MANIFEST_LIMIT);
	struct ck_exec exec = { .arena = arena, .diags = diags };
	struct ck_data *data = NULL;
	enum ck_code code;

	if (!arena)
		return ck_error_nomem(diags);
	code = ck_exec_open_workers(&exec, n_jobs, memory, 0);
	if (code == CK_OK)
		code = ck_data_open(manifest, diags, &data);
	if (code == CK_OK)
		code = verify_all(&exec, manifest, data);
	*ret_n_variables = manifest->n_variables;
	*ret_n_bytes = exec.n_all;
	ck_data_close(data);
	ck_exec_close_workers(&exec);
	ck_arena_free(arena);
	return code;
}
