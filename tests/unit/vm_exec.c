/*
 * Results depend on nothing but the migration and its inputs: every operator there is, on every dtype that it takes, with tiles
 * from a few bytes on, several pools and numbers of threads, gives the same bytes.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle/crc32c.h"
#include "compiler/compile.h"
#include "vm/exec.h"

static struct ck_arena *arena;
static struct ck_diags diags;
static char folder[] = "/tmp/ckmig-exec-XXXXXX";

static void set_up(void)
{
	arena = ck_arena_new((size_t)2 << 30);
	cr_assert(arena && ck_diags_init(&diags) && mkdtemp(folder));
}

static void tear_down(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert_eq(system(command), 0);
	ck_diags_clear(&diags);
	ck_arena_free(arena);
}

TestSuite(vm_exec, .init = set_up, .fini = tear_down);

static const char *diags_text(void)
{
	struct ck_buf out = { 0 };

	ck_diags_render(&diags, CK_FORMAT_TEXT, false, &out);
	return ck_str_copy(arena, ck_buf_view(&out)).p;
}

/* ---- a source: of each dtype a matrix, two tensors, a scalar and one without elements */

static const struct variable {
	const char *name;
	size_t rank;
	uint64_t dims[4];
} variables[] = {
	{ "a", 2, { 11, 13 } }, { "b", 2, { 11, 13 } }, { "c", 4, { 6, 5, 4, 3 } }, { "s", 0, { 0 } }, { "e", 2, { 0, 4 } },
};

static bool is_tested(enum ck_dtype dtype)
{
	return ck_dtype_info(dtype) && ck_dtype_info(dtype)->in_language && ck_dtype_width(dtype);
}

/* Small numbers, which every dtype of the kind holds, and which no operator below leads out of its range. */
static void put_element(enum ck_dtype dtype, uint64_t random, struct ck_buf *out)
{
	const uint32_t f32[] = { 0x00000000, 0x3f800000, 0xbf800000, 0x3f000000, 0x40400000, 0x80000000 };
	const uint16_t f16[] = { 0x0000, 0x3c00, 0xbc00, 0x3800, 0x4200, 0x8000 }, bf16[] = { 0x0000, 0x3f80, 0xbf80, 0x3f00, 0x4040, 0x8000 };
	const uint8_t f8[] = { 0x00, 0x38, 0xb8, 0x30, 0x44, 0x80 }, f8e5m2[] = { 0x00, 0x3c, 0xbc, 0x38, 0x42, 0x80 };
	const double f64[] = { 0, 1, -1, 0.5, 3, -0.0 };
	size_t width = ck_dtype_width(dtype), which = random % 6;
	uint64_t integer = random % (dtype == CK_DT_BOOL ? 2 : 4);

	switch (ck_dtype_class(dtype)) {
	case CK_CLASS_FLOAT:
	case CK_CLASS_COMPLEX:
		if (dtype == CK_DT_C64 || dtype == CK_DT_C128) {
			put_element(dtype == CK_DT_C64 ? CK_DT_F32 : CK_DT_F64, random, out);
			put_element(dtype == CK_DT_C64 ? CK_DT_F32 : CK_DT_F64, random / 6, out);
		} else {
			ck_buf_bytes(out, dtype == CK_DT_F64 ? (const void *)&f64[which] : dtype == CK_DT_F32 ? (const void *)&f32[which]
					  : dtype == CK_DT_F16 ? (const void *)&f16[which] : dtype == CK_DT_BF16 ? (const void *)&bf16[which]
					  : dtype == CK_DT_F8E5M2 ? (const void *)&f8e5m2[which] : (const void *)&f8[which], width);
		}
		break;
	case CK_CLASS_INT:
	case CK_CLASS_UINT:
	case CK_CLASS_BOOL:
	case CK_CLASS_STRING:
	case CK_CLASS_OPAQUE:
		ck_buf_bytes(out, &integer, width);
		break;
	}
}

static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

static const char *write_source(void)
{
	const char *prefix = ck_str_format(arena, "%s/source", folder).p;
	struct ck_writer_entry *entries = ck_arena_array(arena, 1000, sizeof(*entries));
	struct ck_writer_options options = { .n_shards = 1 };
	struct ck_writer *writer;
	struct ck_buf bytes = { 0 };
	uint64_t state = 1, size;
	uint8_t digest[CK_SHA256];
	size_t n = 0;

	for (enum ck_dtype dtype = CK_DT_NONE; dtype < CK_DT_END; dtype++)
		for (size_t i = 0; is_tested(dtype) && i < CK_COUNT(variables); i++) {
			struct ck_shape shape = { variables[i].rank, variables[i].dims };
			size_t begin = bytes.n;
			uint64_t n_elems;

			cr_assert(ck_shape_elems(shape, &n_elems));
			for (uint64_t k = 0; k < n_elems; k++)
				put_element(dtype, next_random(&state), &bytes);
			entries[n++] = (struct ck_writer_entry){
				ck_str_format(arena, "%s/%s", ck_dtype_name(dtype), variables[i].name), dtype, shape,
				{ 0, begin, bytes.n - begin, ck_crc32c_mask(ck_crc32c(0, bytes.p + begin, bytes.n - begin)) } };
		}
	size = bytes.n;
	options.shard_sizes = &size;
	cr_assert_eq(ck_writer_open(ck_str(prefix), &options, &diags, &writer), CK_OK, "%s", diags_text());
	cr_assert_eq(ck_writer_put(writer, 0, 0, bytes.p, bytes.n, &diags), CK_OK);
	cr_assert_eq(ck_writer_index(writer, entries, n, &diags, digest), CK_OK, "%s", diags_text());
	cr_assert_eq(ck_writer_commit(writer, NULL, &diags), CK_OK, "%s", diags_text());
	ck_writer_close(writer);
	ck_buf_clear(&bytes);
	return prefix;
}

/* ---- a migration that uses every operator; $ is the dtype */

enum { ANY, FLOATS, NUMBERS };

static const struct statement {
	int dtypes;
	const char *text;
} statements[] = {
	{ ANY, "map also \"$/a\"[1:10:3, ::-2] -> \"$/index\"" },
	{ ANY, "map also \"$/c\"[-1, :, 1:3] -> \"$/index4\"" },
	{ ANY, "map also \"$/a\" | slice(axis=-1, start=12, stop=1, step=-5) -> \"$/slice\"" },
	{ ANY, "map also \"$/a\" | transpose -> \"$/transpose\"" },
	{ ANY, "map also \"$/c\" | transpose(2, 0, 3, 1) -> \"$/transpose4\"" },
	{ ANY, "map also \"$/c\" | transpose(3, 2, 1, 0) | reshape(4, -1, 9) -> \"$/reshape\"" },
	{ ANY, "map also \"$/c\" | rearrange(\"(x y) b c d -> c (b y) (d x)\", x=2) -> \"$/rearrange\"" },
	{ ANY, "map also \"$/a\" | unsqueeze(axis=1) | flip(axis=0) | squeeze(axis=1) -> \"$/squeeze\"" },
	{ ANY, "map also \"$/c\" | flip(axis=2) | roll(axis=1, by=-2) | roll(axis=3, by=7) -> \"$/roll\"" },
	{ ANY, "map also (\"$/a\", \"$/b\" | flip(axis=1), \"$/a\"[:, 0:4] | tile(axis=1, n=2)) | concat(axis=1) -> \"$/concat\"" },
	{ ANY, "map also (\"$/a\", \"$/b\") | stack(axis=1) | transpose -> \"$/stack\"" },
	{ ANY, "map also \"$/a\" | split(axis=1, sizes=[5, 1, 7]) | transpose -> (\"$/split0\", \"$/split1\", \"$/split2\")" },
	{ ANY, "map also \"$/c\" | unstack(axis=1, as=k) | pad(axis=0, multiple=4, with=ones) -> \"$/unstack/{k}\"" },
	{ ANY, "map also (\"$/a\", \"$/b\") | pick(-1) | grow(axis=0, to=20) -> \"$/pick\"" },
	{ ANY, "map also \"$/a\" | pad(axis=0, before=2, after=3, with=ones) | take(axis=1, [3, 3, -1, 0, 7]) -> \"$/pad\"" },
	{ ANY, "map also \"$/c\" | take(axis=0, [5, 0, 1, 1, 2]) | repeat(axis=2, n=3) -> \"$/take\"" },
	{ ANY, "map also \"$/a\" | tile(axis=0, n=3) | repeat(axis=1, n=2) -> \"$/tile\"" },
	{ ANY, "map also \"$/s\" | unsqueeze(axis=0) | tile(axis=0, n=100) -> \"$/scalar\"" },
	{ ANY, "map also (\"$/e\", \"$/e\") | concat(axis=1) | grow(axis=0, to=3, with=ones) -> \"$/empty\"" },
	{ ANY, "new \"$/zeros\" : $[7, 5] = zeros" },
	{ ANY, "new \"$/eye\" : $[3, 7, 5] = eye" },
	{ ANY, "new \"$/const\" : $[70] = const(1)" },
	{ NUMBERS, "map also (\"$/a\", \"$/b\"[0:1]) | add | transpose -> \"$/add\"" },
	{ FLOATS, "map also \"$/a\" | transpose | scale(0.5) | shift(-1.25) -> \"$/scale\"" },
	{ FLOATS, "map also \"$/c\" | neg | reshape(-1) -> \"$/neg\"" },
	{ FLOATS, "map also \"$/a\" | cast(f16) | transpose -> \"$/f16\"" },
	{ FLOATS, "map also \"$/c\" | transpose(1, 0, 3, 2) | cast(bf16) | reshape(30, 12) -> \"$/bf16\"" },
	{ FLOATS, "map also \"$/a\" | cast(i32, overflow=saturate) -> \"$/i32\"" },
	{ FLOATS, "map also \"$/a\" | grow(axis=0, to=17, with=mean) | grow(axis=1, to=16, with=mean) -> \"$/grow\"" },
	{ FLOATS, "map also (\"$/a\", \"$/b\", \"$/a\") | mean(weights=[1, 2, 0.5]) -> \"$/mean\"" },
	{ FLOATS, "map also \"$/c\" | mean(axis=1) | transpose -> \"$/mean1\"" },
	{ FLOATS, "new \"$/normal\" : $[33, 7] = normal(stddev=0.1, seed=7)" },
	{ FLOATS, "map also \"$/a\" | grow(axis=1, to=21, with=uniform(-1, 1, seed=3)) | transpose -> \"$/uniform\"" },
};

static bool takes(const struct statement *statement, enum ck_dtype dtype)
{
	if (statement->dtypes == ANY)
		return true;
	/* The sum of small signed numbers may be more than i4 and u4 hold. */
	if (statement->dtypes == NUMBERS)
		return dtype != CK_DT_BOOL && dtype != CK_DT_I4 && dtype != CK_DT_U4;
	return ck_dtype_class(dtype) == CK_CLASS_FLOAT;
}

static const char *migration_text(void)
{
	struct ck_buf text = { 0 };
	const char *copy;

	ck_buf_str(&text, CK_STR("ckmig 1\nkeep also rest\n"));
	for (enum ck_dtype dtype = CK_DT_NONE; dtype < CK_DT_END; dtype++)
		for (size_t i = 0; is_tested(dtype) && i < CK_COUNT(statements); i++) {
			if (!takes(&statements[i], dtype))
				continue;
			for (const char *c = statements[i].text; *c; c++)
				*c == '$' ? ck_buf_str(&text, ck_str(ck_dtype_name(dtype))) : ck_buf_char(&text, *c);
			ck_buf_char(&text, '\n');
		}
	copy = ck_str_copy(arena, ck_buf_view(&text)).p;
	ck_buf_clear(&text);
	return copy;
}

Test(vm_exec, the_migration_has_every_operator)
{
	const char *text = migration_text();

	for (size_t i = 0; ck_op_at(i); i++) {
		const struct ck_op_info *op = ck_op_at(i);

		if (op->state != CK_STATE_NOW || op->arity == CK_ARITY_MACHINE || op->op == CK_OP_INDEX)
			continue;
		cr_expect(strstr(text, op->name), "nothing uses `%s`", op->name);
	}
	for (size_t i = 0; ck_fill_at(i); i++)
		if (ck_fill_at(i)->state == CK_STATE_NOW && ck_fill_at(i)->fill != CK_FILL_TEMPLATE)
			cr_expect(strstr(text, ck_fill_at(i)->name), "nothing uses the fill `%s`", ck_fill_at(i)->name);
}

/* ---- running it */

struct way {
	size_t n_jobs;
	uint64_t memory, tile;
};

static struct ck_plan *bind(struct ck_manifest *manifest, const char *text)
{
	const struct ck_manifest *manifests[] = { manifest };
	struct ck_inputs inputs = { 1, manifests };
	struct ck_bind_options options = { 0 };
	struct ck_ast_file *tree;
	struct ck_plan *plan, *bound;

	cr_assert_eq(ck_parse(arena, &diags, ck_diags_add_file(&diags, CK_STR("t.ckmig"), ck_str(text)), &tree), CK_OK, "%s", diags_text());
	cr_assert_eq(ck_compile(arena, &diags, tree, &plan), CK_OK, "%s", diags_text());
	cr_assert_eq(ck_bind(plan, &inputs, &options, arena, &diags, &bound), CK_OK, "%s", diags_text());
	return bound;
}

/* The data file's bytes and the index's, and the report without its time. */
static struct ck_str run(struct ck_manifest *manifest, const struct ck_plan *bound, const struct way *way)
{
	static unsigned number;
	const char *prefix = ck_str_format(arena, "%s/out%u", folder, number++).p;
	const struct ck_manifest *manifests[] = { manifest };
	struct ck_inputs inputs = { 1, manifests };
	struct ck_run_options options = { .n_jobs = way->n_jobs, .memory = way->memory, .tile = way->tile, .verify = CK_VERIFY_CHANGED };
	struct ck_str data, index, text;
	struct ck_report *report;
	struct ck_buf json = { 0 };

	cr_assert_eq(ck_run(bound, &inputs, ck_str(prefix), &options, arena, &diags, &report), CK_OK, "%s", diags_text());
	report->output = CK_STR("out");
	cr_assert_eq(ck_report_json(report, &json), CK_OK);
	cr_assert(ck_read_file(ck_str_format(arena, "%s.data-00000-of-00001", prefix).p, (size_t)1 << 30, arena, &data));
	cr_assert(ck_read_file(ck_str_format(arena, "%s.index", prefix).p, (size_t)1 << 30, arena, &index));
	text = ck_str_format(arena, "%.*s", (int)json.n, json.p);
	ck_buf_clear(&json);
	ck_buf_str(&json, data);
	ck_buf_str(&json, index);
	ck_buf_str(&json, text);
	text = ck_str_copy(arena, ck_buf_view(&json));
	ck_buf_clear(&json);
	return text;
}

/* What is another is told by the first variable that it is in. */
static void expect_same(struct ck_str a, struct ck_str b, const struct ck_plan *bound, const struct way *way)
{
	size_t at = 0;

	if (ck_str_equal(a, b))
		return;
	while (at < a.n && at < b.n && a.p[at] == b.p[at])
		at++;
	for (size_t i = 0; i < bound->message->bound->n_targets; i++) {
		const Ck__Plan__Target *target = bound->message->bound->targets[i];

		if (at >= target->offset && at < target->offset + target->n_bytes)
			cr_assert_fail("\"%.*s\" differs with %zu threads, %llu bytes of memory, tiles of %llu", (int)target->label.len,
				       (const char *)target->label.data, way->n_jobs, (unsigned long long)way->memory, (unsigned long long)way->tile);
	}
	cr_assert_fail("index or report differ with %zu threads, tiles of %llu", way->n_jobs, (unsigned long long)way->tile);
}

static void compare_ways(struct ck_manifest *manifest, const char *text, const struct way *ways, size_t n_ways)
{
	const struct ck_plan *bound = bind(manifest, text);
	struct ck_str first = run(manifest, bound, &ways[0]);

	for (size_t i = 1; i < n_ways; i++)
		expect_same(first, run(manifest, bound, &ways[i]), bound, &ways[i]);
}

Test(vm_exec, same_bytes_whatever_the_tiles)
{
	static const struct way ways[] = {
		{ 1, 256 << 20, 0 }, { 1, 16 << 20, 16 }, { 2, 16 << 20, 24 }, { 3, 32 << 20, 100 }, { 2, 64 << 20, 1000 }, { 5, 256 << 20, 0 },
	};
	struct ck_manifest *manifest;

	cr_assert_eq(ck_manifest_open(ck_str(write_source()), &diags, &manifest), CK_OK, "%s", diags_text());
	compare_ways(manifest, migration_text(), ways, CK_COUNT(ways));
	ck_manifest_free(manifest);
}

/* Variables that are stored in parts, cut on one axis or two. */
Test(vm_exec, same_bytes_of_parts)
{
	static const struct way ways[] = { { 1, 256 << 20, 0 }, { 1, 16 << 20, 16 }, { 3, 16 << 20, 24 }, { 2, 32 << 20, 1000 } };
	const char *text = "ckmig 1\ndrop \"dtype/string\" because \"not of numbers\"\n"
			   "map also rest:\"{x:**}\" where rank == 2 && size > 0 | transpose -> \"t/{x}\"\n"
			   "map also \"tiles\"[::-1, 1::2] -> \"cut\"\nmap also \"full/middle\" | cast(f64) | reshape(-1) -> \"flat\"\nkeep also rest\n";
	struct ck_manifest *manifest;

	cr_assert_eq(ck_manifest_open(CK_STR("tests/data/slices/slices"), &diags, &manifest), CK_OK, "%s", diags_text());
	compare_ways(manifest, text, ways, CK_COUNT(ways));
	ck_manifest_free(manifest);
}

/* Tensors that are larger than the pool, read across and written across. */
Test(vm_exec, same_bytes_of_large_tensors)
{
	static const struct way ways[] = { { 1, 16 << 20, 0 }, { 2, 16 << 20, 0 }, { 2, 16 << 20, 70000 }, { 1, 256 << 20, 0 } };
	const char *text = "ckmig 1\nkeep also optional rest\n"
			   "new \"a\" : f32[2600, 2100] = normal(seed=1)\nnew \"b\" : u8[3000, 1001] = const(7)\nnew \"c\" : bf16[40, 50, 600] = uniform(0, 1, seed=2)\n";
	const char *second = "ckmig 1\nmap also \"a\" | transpose -> \"t\"\nmap also (\"a\", \"a\" | flip(axis=0)) | concat(axis=1) | transpose | cast(bf16) -> \"u\"\n"
			     "map also \"b\" | transpose -> \"v\"\nmap also \"c\" | transpose(2, 0, 1) | reshape(1200, -1) -> \"w\"\nkeep also rest\n";
	struct ck_manifest *manifest, *made;
	const struct way way = { 2, 64 << 20, 0 };

	cr_assert_eq(ck_manifest_open(CK_STR("tests/data/empty/header_only"), &diags, &manifest), CK_OK, "%s", diags_text());
	run(manifest, bind(manifest, text), &way);
	cr_assert_eq(ck_manifest_open(ck_str_format(arena, "%s/out0", folder), &diags, &made), CK_OK, "%s", diags_text());
	compare_ways(made, second, ways, CK_COUNT(ways));
	ck_manifest_free(made);
	ck_manifest_free(manifest);
}
