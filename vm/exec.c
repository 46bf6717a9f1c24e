/* Running a bound plan: the order of things, memory, threads. */
#include "vm/exec_internal.h"

#include <string.h>
#include <time.h>

#include "bundle/base/thread.h"
#include "bundle/path.h"
#include "vm/series.h"

/* ---- threads */

/* More memory than this makes nothing faster: what a worker touches again should still be in cache. */
enum {
	MAX_STAGING = 512 << 10, MAX_SCRATCH = 8 << 20, MAX_TILE = 64 << 20,
	MIN_TILE = 64 << 10,
	MAX_JOBS = 1024,
};

static uint64_t between(uint64_t low, uint64_t x, uint64_t high)
{
	return x < low ? low : x > high ? high : x;
}

enum ck_code ck_exec_open_workers(struct ck_exec *exec, size_t n_jobs, uint64_t memory, uint64_t tile)
{
	uint64_t share = memory / between(1, n_jobs, MAX_JOBS);
	enum ck_code code = CK_OK;

	exec->n_workers = (size_t)between(1, n_jobs, MAX_JOBS);
	exec->n_staging = (size_t)between(CK_MIN_STAGING, share / 16, MAX_STAGING);
	exec->n_scratch = (size_t)between(CK_MIN_SCRATCH, share / 8, MAX_SCRATCH);
	exec->n_tile = (size_t)between(MIN_TILE, share > exec->n_staging + exec->n_scratch ? share - exec->n_staging - exec->n_scratch : 0, MAX_TILE);
	if (tile)
		exec->n_tile = (size_t)between(16, tile, exec->n_tile);
	exec->workers = ck_arena_array(exec->arena, exec->n_workers, sizeof(*exec->workers));
	if (!exec->workers)
		return ck_error_nomem(exec->diags);
	for (size_t i = 0; i < exec->n_workers && code == CK_OK; i++) {
		struct ck_exec_worker *worker = &exec->workers[i];

		if (!ck_diags_init(&worker->diags))
			return ck_error_nomem(exec->diags);
		code = ck_worker_init(&worker->worker, exec->n_scratch, exec->n_staging, &worker->diags);
		/* Pages that no tile needs are never touched. */
		worker->tile = code == CK_OK ? ck_alloc_large(exec->n_tile > CK_EXEC_BUFFER ? exec->n_tile : CK_EXEC_BUFFER) : NULL;
		if (!worker->tile)
			return ck_error_nomem(exec->diags);
	}
	return code;
}

void ck_exec_close_workers(struct ck_exec *exec)
{
	for (size_t i = 0; exec->workers && i < exec->n_workers; i++) {
		ck_free(exec->workers[i].tile);
		ck_worker_clear(&exec->workers[i].worker);
		if (exec->workers[i].diags.arena)
			ck_diags_clear(&exec->workers[i].diags);
	}
}

void ck_exec_progress(struct ck_exec *exec, const struct ck_exec_worker *worker, uint64_t n_bytes)
{
	uint64_t n_done = atomic_fetch_add(&exec->n_done, n_bytes) + n_bytes;

	/* Worker 0 is the calling thread. */
	if (exec->options && exec->options->progress && worker == exec->workers)
		exec->options->progress(exec->options->progress_context, n_done, exec->n_all);
}

struct loop {
	struct ck_exec *exec;
	ck_exec_work *work;
	void *context;
};

static bool do_item(void *context, size_t worker_number, size_t item)
{
	struct loop *loop = context;
	struct ck_exec_worker *worker = &loop->exec->workers[worker_number];

	worker->worker.used = 0;
	worker->worker.weight = 1;
	worker->code = loop->work(loop->exec, worker, loop->context, item);
	worker->failed_item = item;
	return worker->code == CK_OK;
}

/* Copies a diagnostic from a worker's sink. */
static void copy_diag(struct ck_diags *to, const struct ck_diag *diag, struct ck_span span)
{
	struct ck_diag *copy = ck_error(to, diag->code, span, "%.*s", CK_STR_ARG(diag->message));

	for (size_t i = 0; i < diag->n_notes; i++)
		ck_diag_note(to, copy, "%.*s", CK_STR_ARG(diag->notes[i]));
	for (size_t i = 0; i < diag->n_helps; i++)
		ck_diag_help(to, copy, "%.*s", CK_STR_ARG(diag->helps[i]));
}

/* Where a rule says an operator; the whole statement when it does so twice. *ret_n: how often it does. */
static struct ck_span op_span(const struct ck_plan *plan, uint32_t rule, enum ck_op op, size_t *ret_n)
{
	const Ck__Plan__Code *code = plan->message->code;
	size_t at = SIZE_MAX;

	*ret_n = 0;
	for (size_t i = 0; rule < code->n_rules && i < code->rules[rule]->n_code; i++) {
		if (code->rules[rule]->code[i]->op != op)
			continue;
		at = i;
		++*ret_n;
	}
	return ck_plan_rule_span(plan, rule, *ret_n == 1 ? at : SIZE_MAX);
}

/*
 * The operator may stand in an earlier part, whose target the value is made of. Recurses as deep as there are parts; *n_left bounds how
 * many targets are looked at, since each may be made of many.
 */
static bool find_in_part(const struct ck_plan *plan, size_t part, uint64_t target, enum ck_op op, size_t *n_left, struct ck_span *ret_span)
{
	const struct ck_plan *own = ck_plan_part(plan, part);
	const Ck__Plan__Target *message = own->message->bound->targets[target];
	size_t n = 0;

	if (message->rule)
		*ret_span = op_span(own, message->rule - 1, op, &n);
	for (size_t i = 0; !n && part && *n_left && i < message->n_code; i++) {
		const Ck__Plan__Insn *insn = message->code[i];

		if (insn->op != CK_OP_LOAD || insn->input != CK_INPUT_SOURCE)
			continue;
		--*n_left;
		if (find_in_part(plan, part - 1, insn->variable, op, n_left, ret_span))
			return true;
		if (!*n_left)
			break;
	}
	return n > 0;
}

static struct ck_span blamed_span(const struct ck_plan *bound, const Ck__Plan__Target *target, enum ck_op op)
{
	const Ck__Plan__Bound *message = bound->message->bound;
	struct ck_span span = { 0 };
	size_t n_left = 10000;
	uint64_t i = 0;

	while (i < message->n_targets && message->targets[i] != target)
		i++;
	if (i < message->n_targets && op && find_in_part(bound, ck_plan_n_parts(bound) - 1, i, op, &n_left, &span))
		return span;
	if (target->rule) {
		size_t rule = target->rule - 1;
		const struct ck_plan *part = ck_plan_part_of_rule(bound, &rule);

		span = ck_plan_rule_span(part, rule, SIZE_MAX);
	}
	return span;
}

static enum ck_code tell_failure(struct ck_exec *exec, const struct ck_exec_worker *worker, const Ck__Plan__Target *target)
{
	struct ck_span span = { 0 };

	if (target)
		span = blamed_span(exec->bound, target, worker->worker.failed_op);
	if (!worker->diags.n_items)
		return ck_error_nomem(exec->diags);
	copy_diag(exec->diags, worker->diags.items[0], span);
	return worker->code;
}

enum ck_code ck_exec_parallel(struct ck_exec *exec, size_t n_items, ck_exec_work *work,
			      const Ck__Plan__Target *(*target_of)(const struct ck_exec *exec, void *context, size_t item), void *context)
{
	struct loop loop = { exec, work, context };
	const struct ck_exec_worker *first = NULL;

	for (size_t i = 0; i < exec->n_workers; i++)
		exec->workers[i].code = CK_OK;
	if (ck_parallel(exec->n_workers, n_items, do_item, &loop))
		return CK_OK;
	for (size_t i = 0; i < exec->n_workers; i++) {
		const struct ck_exec_worker *worker = &exec->workers[i];

		if (worker->code != CK_OK && (!first || worker->failed_item < first->failed_item))
			first = worker;
	}
	CK_ASSERT(first);
	return tell_failure(exec, first, target_of ? target_of(exec, context, first->failed_item) : NULL);
}

/* ---- opening */

static enum ck_code refuse_input(struct ck_exec *exec, const struct ck_manifest *manifest)
{
	ck_error(exec->diags, CK_FORMAT_NOT_AVAILABLE, (struct ck_span){ 0 }, "%.*s is a big-endian checkpoint, which this version cannot migrate",
		 CK_STR_ARG(ck_name_text(exec->diags->arena, manifest->path)));
	return CK_FORMAT_NOT_AVAILABLE;
}

static enum ck_code open_inputs(struct ck_exec *exec)
{
	enum ck_code code = CK_OK;

	exec->n_data = exec->inputs->n;
	exec->data = ck_arena_array(exec->arena, exec->n_data + 1, sizeof(*exec->data));
	exec->loaded = ck_arena_array(exec->arena, exec->n_data + 1, sizeof(*exec->loaded));
	exec->sums = ck_arena_array(exec->arena, exec->n_data + 1, sizeof(*exec->sums));
	if (!exec->data || !exec->loaded || !exec->sums)
		return ck_error_nomem(exec->diags);
	for (size_t i = 0; i < exec->n_data && code == CK_OK; i++) {
		const struct ck_manifest *manifest = exec->inputs->manifests[i];

		if (!manifest)
			continue;
		code = manifest->big_endian ? refuse_input(exec, manifest) : ck_data_open(manifest, exec->diags, &exec->data[i]);
		exec->loaded[i] = ck_arena_array(exec->arena, manifest->n_variables + 1, sizeof(**exec->loaded));
		exec->sums[i] = ck_arena_array(exec->arena, manifest->n_variables + 1, sizeof(**exec->sums));
		if (code == CK_OK && (!exec->loaded[i] || !exec->sums[i]))
			code = ck_error_nomem(exec->diags);
	}
	return code;
}

static bool is_stored_as_is(const Ck__Plan__Target *target)
{
	return target->unchanged || ck_dtype_width((enum ck_dtype)target->dtype) == 0;
}

/* The one LOAD of a target whose bytes are stored ones. */
static const Ck__Plan__Insn *find_load(const Ck__Plan__Target *target)
{
	for (size_t i = 0; i < target->n_code; i++)
		if (target->code[i]->op == CK_OP_LOAD)
			return target->code[i];
	return NULL;
}

/* In a linked shard it must lie where it lay. */
static bool is_in_place(const struct ck_exec *exec, const Ck__Plan__Target *target, const Ck__Plan__Insn *load, const struct ck_variable *variable)
{
	const Ck__Plan__LinkedShard *link;

	if (target->shard >= exec->message->n_links)
		return true;
	link = exec->message->links[target->shard];
	return link->input == load->input && link->shard == variable->place.shard && target->offset == variable->place.offset;
}

static enum ck_code plan_copy(struct ck_exec *exec, size_t i, const Ck__Plan__Insn *load)
{
	const Ck__Plan__Target *target = exec->message->targets[i];
	const struct ck_manifest *manifest = load->input < exec->n_data ? exec->inputs->manifests[load->input] : NULL;
	const struct ck_variable *variable = manifest && load->variable < manifest->n_variables ? &manifest->variables[load->variable] : NULL;

	if (!variable || variable->n_slices || variable->dtype != target->dtype || variable->place.n_bytes != target->n_bytes ||
	    !is_in_place(exec, target, load, variable)) {
		ck_error(exec->diags, CK_BAD_PLAN, (struct ck_span){ 0 }, "\"%.*s\" is not the stored bytes of one variable as the plan says",
			 CK_STR_ARG(ck_name_text(exec->diags->arena, ck_str_of(target->label))));
		return CK_BAD_PLAN;
	}
	exec->targets[i].way = target->shard < exec->message->n_links ? CK_WAY_LINK : CK_WAY_COPY;
	exec->targets[i].data = exec->data[load->input];
	exec->targets[i].variable = variable;
	exec->targets[i].input = load->input;
	return CK_OK;
}

static void mark_loaded(struct ck_exec *exec, const Ck__Plan__Target *target)
{
	for (size_t i = 0; i < target->n_code; i++) {
		const Ck__Plan__Insn *insn = target->code[i];

		if (insn->op == CK_OP_LOAD && insn->input < exec->n_data && exec->loaded[insn->input] &&
		    insn->variable < exec->inputs->manifests[insn->input]->n_variables)
			exec->loaded[insn->input][insn->variable] = true;
	}
}

/* Bound to an index without its data files: it tells what would be, and not the object graph. */
static enum ck_code no_graph(struct ck_exec *exec)
{
	struct ck_diag *diag = ck_error(exec->diags, CK_STALE_PLAN, (struct ck_span){ 0 },
					"the plan does not have the object graph: the data files were not there when it was made");

	ck_diag_help(exec->diags, diag, "bind it again with `ckmig plan -o`, or run the .ckmig file itself");
	return CK_STALE_PLAN;
}

static enum ck_code plan_targets(struct ck_exec *exec)
{
	enum ck_code code = CK_OK;

	exec->targets = ck_arena_array(exec->arena, exec->message->n_targets + 1, sizeof(*exec->targets));
	if (!exec->targets)
		return ck_error_nomem(exec->diags);
	for (size_t i = 0; i < exec->message->n_targets && code == CK_OK; i++) {
		const Ck__Plan__Target *target = exec->message->targets[i];
		const Ck__Plan__Insn *load = find_load(target);
		bool is_graph = exec->message->graph.len && ck_str_equal(ck_str_of(target->key), CK_STR(CK_GRAPH_KEY));
		bool as_is = is_stored_as_is(target);

		if (!target->n_code && !is_graph) {
			code = no_graph(exec);
		} else if (is_graph || (as_is && !load)) {
			exec->targets[i].way = CK_WAY_BYTES;
		} else if (as_is) {
			code = plan_copy(exec, i, load);
		} else {
			exec->targets[i].way = CK_WAY_TILES;
			mark_loaded(exec, target);
		}
		exec->n_all += target->n_bytes;
	}
	return code;
}

/* The files that become the output's first shards. NULL: none, or no memory. */
static struct ck_str *linked_files(struct ck_exec *exec)
{
	size_t n = exec->message->n_links;
	struct ck_str *files = n ? ck_arena_array(exec->arena, exec->message->n_shard_sizes, sizeof(*files)) : NULL;

	for (size_t i = 0; files && i < n; i++) {
		const Ck__Plan__LinkedShard *link = exec->message->links[i];
		const struct ck_manifest *manifest = link->input < exec->n_data ? exec->inputs->manifests[link->input] : NULL;

		if (manifest && link->shard < manifest->n_shards)
			files[i] = ck_path_data(exec->arena, manifest->prefix, link->shard, manifest->n_shards);
		if (!files[i].p)
			return NULL;
	}
	return files;
}

static enum ck_code open_output(struct ck_exec *exec, struct ck_str prefix)
{
	const struct ck_writer_options options = {
		.force = exec->options->force, .sync = exec->options->sync,
		.n_shards = exec->message->n_shard_sizes, .shard_sizes = exec->message->shard_sizes,
		.links = linked_files(exec), .link_how = exec->options->link_how,
	};

	if (exec->message->n_links && !options.links)
		return ck_error_nomem(exec->diags);
	return ck_writer_open(prefix, &options, exec->diags, &exec->writer);
}

static enum ck_code new_report(struct ck_exec *exec, struct ck_str prefix)
{
	static const char *const modes[] = { "none", "changed", "full" };
	struct ck_report *report = ck_arena_alloc(exec->arena, sizeof(*report));

	if (!report)
		return ck_error_nomem(exec->diags);
	report->bound = exec->bound;
	report->inputs = exec->inputs;
	report->output = ck_str_copy(exec->arena, prefix);
	report->targets = ck_arena_array(exec->arena, exec->message->n_targets + 1, sizeof(*report->targets));
	report->verify = modes[exec->options->verify];
	report->all_checks_hold = true;
	exec->report = report;
	return report->output.p && report->targets ? CK_OK : ck_error_nomem(exec->diags);
}

/* ---- the run */

static enum ck_code commit(struct ck_exec *exec)
{
	size_t n = exec->message->n_targets;
	struct ck_writer_entry *entries = ck_arena_array(exec->arena, n + 1, sizeof(*entries));
	struct ck_companion companion = { 0 };
	enum ck_code code;

	if (!entries)
		return ck_error_nomem(exec->diags);
	for (size_t i = 0; i < n; i++) {
		const Ck__Plan__Target *target = exec->message->targets[i];

		entries[i] = (struct ck_writer_entry){
			.key = ck_str_of(target->key), .dtype = (enum ck_dtype)target->dtype,
			.shape = { target->n_dims, target->dims },
			.place = { target->shard, target->offset, target->n_bytes, exec->report->targets[i].crc },
		};
	}
	code = ck_writer_index(exec->writer, entries, n, exec->diags, exec->report->target_digest);
	/* The report is made while there is still a way back. */
	exec->report->written = code == CK_OK;
	if (code == CK_OK && exec->options->before_name)
		code = exec->options->before_name(exec->options->before_context, exec->report, &companion);
	if (code == CK_OK)
		code = ck_writer_commit(exec->writer, companion.path.p ? &companion : NULL, exec->diags);
	exec->report->written = code == CK_OK;
	return code;
}

static enum ck_code write_all(struct ck_exec *exec)
{
	enum ck_verify_mode verify = exec->options->verify;
	enum ck_code code = ck_exec_plan_items(exec);

	if (code == CK_OK)
		code = ck_exec_write(exec);
	if (code == CK_OK && verify != CK_VERIFY_NONE)
		code = ck_exec_check_sources(exec, verify == CK_VERIFY_FULL);
	if (code == CK_OK && verify != CK_VERIFY_NONE)
		code = ck_exec_check_written(exec, verify == CK_VERIFY_FULL);
	return code;
}

static enum ck_code run(struct ck_exec *exec, struct ck_str prefix)
{
	enum ck_code code = open_inputs(exec);

	if (code == CK_OK)
		code = plan_targets(exec);
	if (code == CK_OK)
		code = ck_exec_open_workers(exec, exec->options->n_jobs, exec->options->memory, exec->options->tile);
	if (code == CK_OK)
		code = ck_exec_plan_checks(exec);
	if (code == CK_OK)
		code = open_output(exec, prefix);
	if (code == CK_OK)
		code = write_all(exec);
	if (code == CK_OK)
		code = ck_exec_run_checks(exec);
	for (size_t i = 0; i < exec->n_workers && exec->workers; i++)
		exec->report->n_read += exec->workers[i].worker.n_read;
	return code == CK_OK ? commit(exec) : code;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

enum ck_code ck_run(const struct ck_plan *bound, const struct ck_inputs *inputs, struct ck_str prefix, const struct ck_run_options *options,
		    struct ck_arena *arena, struct ck_diags *diags, struct ck_report **ret_report)
{
	struct ck_exec exec = { .bound = bound, .message = bound->message->bound, .inputs = inputs, .options = options, .arena = arena,
				.diags = diags };
	double start = now();
	enum ck_code code = new_report(&exec, prefix);

	pthread_mutex_init(&exec.lock, NULL);
	if (code == CK_OK) {
		*ret_report = exec.report;
		code = run(&exec, prefix);
		exec.report->seconds = now() - start;
	}
	ck_writer_close(exec.writer);
	ck_exec_close_workers(&exec);
	for (size_t i = 0; exec.data && i < exec.n_data; i++)
		ck_data_close(exec.data[i]);
	pthread_mutex_destroy(&exec.lock);
	return code;
}
