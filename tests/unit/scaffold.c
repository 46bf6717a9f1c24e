#include "compiler/scaffold/scaffold.h"

#include "tests/unit/bundle_test.h"

TestSuite(scaffold, .init = set_up, .fini = tear_down);

enum { MAX_VARIABLES = 400 };

static uint64_t read_number(const char **at)
{
	return strtoull(*at, (char **)(uintptr_t)at, 10);
}

/* One variable from "name[2,3]", "name:bf16[2]"; a name may have anything but '[' and ':'. */
static const char *read_variable(const char *text, struct ck_variable *variable)
{
	size_t n = strcspn(text, ":[");
	uint64_t *dims = ck_arena_array(arena, 8, sizeof(*dims));
	size_t rank = 0;
	*variable = (struct ck_variable){.key = {text, n}, .name = {text, n}, .dtype = CK_DT_F32, .node = -1, .attribute = -1};
	text += n;
	if (*text == ':') {
		variable->dtype = ck_dtype_find((struct ck_str){text + 1, strcspn(text + 1, "[")});
		text += strcspn(text, "[");
	}
	for (text++; *text != ']'; text += *text == ',')
		dims[rank++] = read_number(&text);
	variable->shape = (struct ck_shape){rank, dims};
	return text + 1;
}

static int compare_keys(const void *a, const void *b)
{
	return ck_str_compare(((const struct ck_variable *)a)->key, ((const struct ck_variable *)b)->key);
}

/* A name-based manifest of variables divided by spaces; "{0..3}" in one stands for each number. */
static struct ck_manifest *make(const char *text)
{
	struct ck_manifest *manifest = ck_arena_alloc(arena, sizeof(*manifest));
	manifest->arena = arena;
	manifest->path = manifest->prefix = CK_STR("dir/model.ckpt");
	manifest->object_based = strstr(text, "optimizer/") != NULL;
	manifest->variables = ck_arena_array(arena, MAX_VARIABLES, sizeof(*manifest->variables));
	while (*text) {
		size_t n = strcspn(text, " ");
		struct ck_str word = {text, n};
		size_t open = ck_str_find(word, '{');
		const char *at = text + open + 1;
		uint64_t low = 0, high = 0;
		if (open < n) {
			low = read_number(&at);
			at += 2;
			high = read_number(&at);
		}
		for (uint64_t i = low; i <= high; i++) {
			struct ck_str copy = open == n ? ck_str_copy(arena, word)
						       : ck_str_format(arena, "%.*s%d%.*s", (int)open, text, (int)i, (int)(text + n - at - 1), at + 1);
			cr_assert_lt(manifest->n_variables, MAX_VARIABLES);
			read_variable(copy.p, &manifest->variables[manifest->n_variables++]);
		}
		text += n;
		text += *text == ' ';
	}
	qsort(manifest->variables, manifest->n_variables, sizeof(*manifest->variables), compare_keys);
	cr_assert_eq(ck_manifest_find_slots(manifest, NULL, 0, &diags), CK_OK);
	cr_assert_eq(ck_manifest_index_names(manifest, &diags), CK_OK);
	return manifest;
}

static struct ck_scaffold *scaffold(const char *from, const char *onto)
{
	struct ck_scaffold *result = NULL;
	cr_assert_eq(ck_scaffold(make(from), onto ? make(onto) : NULL, arena, &diags, &result), CK_OK, "%s", from);
	return result;
}

/* Statements as "sure map ..." a line, what is broken into lines joined again. */
static const char *statements(const char *from, const char *onto)
{
	const struct ck_scaffold *made = scaffold(from, onto);
	struct ck_buf buf = {0};
	for (size_t i = 0; i < made->n_statements; i++) {
		const struct ck_scaffold_statement *statement = &made->statements[i];
		ck_buf_printf(&buf, "%s ", ck_certainty_name(statement->certainty));
		for (size_t k = 0; k < statement->text.n; k++) {
			char c = statement->text.p[k];
			bool again = c == '\n' || (c == ' ' && k && (statement->text.p[k - 1] == '\n' || statement->text.p[k - 1] == ' '));
			if (!again || c == '\n')
				ck_buf_char(&buf, c == '\n' ? ' ' : c);
		}
		ck_buf_char(&buf, '\n');
	}
	ck_buf_char(&buf, '\0');
	const char *copy = ck_str_copy(arena, ck_buf_view(&buf)).p;
	ck_buf_clear(&buf);
	return copy;
}

static const struct row {
	const char *from, *onto, *wanted;
} rows[] = {
	/* Names and types. */
	{"a[2] b[3]", "a[2] b[3]", "sure keep rest\n"},
	{"a[2,3]", "a[3,2]", "likely map \"a\" | transpose -> \"a\"\n"},
	{"a[2]", "a:bf16[2]", "likely map \"a\" | cast(bf16) -> \"a\"\n"},
	{"a[2,3]", "a:f16[3,2]", "likely map \"a\" | transpose | cast(f16) -> \"a\"\n"},
	{"a:i32[2]", "a:i64[2]", "likely map \"a\" | cast(i64) -> \"a\"\n"},
	{"a:i32[2]", "a[2]", "open map \"a\" -> \"TODO/a\"\n"},
	{"a[2,1]", "a[2]", "likely map \"a\" | squeeze(1) -> \"a\"\n"},
	{"a[2,3]", "a[2,3,1]", "likely map \"a\" | unsqueeze(2) -> \"a\"\n"},
	{"a[4,6]", "a[4,2,3]", "likely map \"a\" | reshape(4, 2, 3) -> \"a\"\n"},
	{"a[4,2,3]", "a[8,3]", "likely map \"a\" | reshape(8, 3) -> \"a\"\n"},
	{"a[6,5]", "a[3,5,2]", "likely map \"a\" | rearrange(\"(a b) c -> a c b\", a=3) -> \"a\"\n"},
	{"a[3,5,2]", "a[6,5]", "likely map \"a\" | rearrange(\"a c b -> (a b) c\") -> \"a\"\n"},
	{"a[2,3,4]", "a[4,2,3]", "likely map \"a\" | transpose(2, 0, 1) -> \"a\"\n"},
	{"a[2,3,4]", "a[4,3,2]", "likely map \"a\" | transpose -> \"a\"\n"},
	{"a[3,3,2,5]", "a[5,2,3,3]", "open map \"a\" -> \"TODO/a\"\n"},	/* or the other way round */
	{"a[2,3]", "a[4,3]", "likely map \"a\" | grow(axis=0, to=4, with=zeros) -> \"a\"\n"},
	{"a[4,3]", "a[2,3]", "open map \"a\" -> \"TODO/a\"\n"},
	{"a[4,3]", "a[6,5]", "open map \"a\" -> \"TODO/a\"\n"},
	/* Layers. */
	{"enc/layer_{0..11}/q/kernel[4,4] enc/layer_{0..11}/k/kernel[4,4]", "blocks/{0..11}/attn/q/w[4,4] blocks/{0..11}/attn/k/w[4,4]",
	 "likely map \"enc/layer_{i:int}/{k,q}/kernel\" -> \"blocks/{i}/attn/{k,q}/w\"\n"},
	{"m/layer_{0..3}/kernel[2,3]", "m/block_{1..4}/kernel[2,3]", "likely map \"m/layer_{i:int}/kernel\" -> \"m/block_{i+1}/kernel\"\n"},
	{"l0{0..2}/kernel[2,3]", "layer{0..2}/kernel[2,3]", "likely map \"l{i:int}/kernel\" -> \"layer{i+0}/kernel\"\n"},
	{"layer{0..2}/kernel[2,3]", "block_00{0..2}/kernel[2,3]", "likely map \"layer{i:int}/kernel\" -> \"block_{i:03}/kernel\"\n"},
	{"d/dense/kernel[2,3] d/dense_{1..2}/kernel[2,3]", "d/layer{0..2}/kernel[2,3]",
	 "likely map \"d/dense{i:uniq}/kernel\" -> \"d/layer{i+0}/kernel\"\n"},
	{"d/layer{0..2}/kernel[2,3]", "d/dense/kernel[2,3] d/dense_{1..2}/kernel[2,3]",
	 "likely map \"d/layer{i:int}/kernel\" -> \"d/dense{i:uniq}/kernel\"\n"},
	{"m/layer_0/kernel[2,3] m/layer_1/kernel[3,4] m/layer_2/kernel[4,5]", "m/ops_1/kernel[2,3] m/ops_4/kernel[3,4] m/ops_5/kernel[4,5]",
	 "likely map \"m/layer_{i:0,1,2}/kernel\" -> \"m/ops_{i:1,4,5}/kernel\"\n"},
	{"m/layer_{0..5}/kernel[2,3]", "n/layer_{0..2}/kernel[2,3]",
	 "likely map \"m/layer_{i:int}/kernel\" where i < 3 -> \"n/layer_{i}/kernel\"\n"
	 "open map \"m/layer_{i:int}/kernel\" where i >= 3 -> \"TODO/m/layer_{i}/kernel\"\n"},
	{"dense/kernel[2,3] dense_1/kernel[3,4] dense/bias[3] dense_1/bias[4]",
	 "dense_1/kernel[2,3] dense_2/kernel[3,4] dense_1/bias[3] dense_2/bias[4]",
	 "likely map \"dense{i:uniq}/{bias,kernel}\" -> \"dense_{i+1}/{bias,kernel}\"\n"},
	/* Prefixes. */
	{"bert/a[2] bert/b[3] bert/c/d[4] other[5]", "x/a[2] x/b[3] x/c/d[4] other[5]", "sure map \"bert/**\" -> \"x/**\"\nsure keep rest\n"},
	{"a/x[2] b[3] c/d[4]", "m/a/x[2] m/b[3] m/c/d[4]", "likely map rest -> \"m/**\"\n"},
	{"a/x[2] b[3] c/d[4] e[6] save_counter:i64[]", "m/a/x[2] m/b[3] m/c/d[4] m/e[6] save_counter:i64[]",
	 "likely map rest -> \"m/**\"\nsure keep \"save_counter\"\n"},
	{"bert/a[2] bert/b[3] bert/c[4] bert/gamma[5]", "x/a[2] x/b[3] x/c[4] x/scale[5] y[7]",
	 "likely map rest:\"bert/**\" -> \"x/**\"\nlikely map \"bert/gamma\" -> \"x/scale\"\nopen map \"TODO/y\" -> \"y\"\n"},
	/* What stands around a place has gone where its neighbours went. */
	{"m/stack_first/att/query/bias[2,3] m/stack_first/ln/gamma[7] m/stack_second/att/query/bias[2,3] m/stack_second/ln/gamma[7]",
	 "m/towers/first/attend/_query_dense/bias[2,3] m/towers/first/norm/gamma[7] m/towers/second/attend/_query_dense/bias[2,3] "
	 "m/towers/second/norm/gamma[7]",
	 "likely map \"m/stack_{first,second}/att/query/bias\" -> \"m/towers/{first,second}/attend/_query_dense/bias\"\n"
	 "likely map \"m/stack_{first,second}/ln/gamma\" -> \"m/towers/{first,second}/norm/gamma\"\n"},
	/* Several to one, one to several. */
	{"a/q/w[4,4] a/k/w[4,4] a/v/w[4,4]", "a/qkv/w[4,12]",
	 "likely map (\"a/q/w\", \"a/k/w\", \"a/v/w\") | concat(axis=1) -> \"a/qkv/w\"\n"},
	{"l/{0..2}/a/query/w[4,4] l/{0..2}/a/key/w[4,4] l/{0..2}/a/value/w[4,4]", "l/{0..2}/a/qkv/w[3,4,4]",
	 "likely map (\"l/{i:int}/a/query/w\", \"l/{i:int}/a/key/w\", \"l/{i:int}/a/value/w\") | stack(axis=0) -> \"l/{i}/a/qkv/w\"\n"},
	{"l/{0..2}/a/qkv/w[4,12]", "l/{0..2}/a/query/w[4,4] l/{0..2}/a/key/w[4,4] l/{0..2}/a/value/w[4,4]",
	 "likely map \"l/{i:int}/a/qkv/w\" | split(axis=1, parts=3) -> (\"l/{i}/a/query/w\", \"l/{i}/a/key/w\", \"l/{i}/a/value/w\")\n"},
	{"moe/expert_{0..7}/up/w[3,4]", "moe/experts/up/w[8,3,4]",
	 "likely map \"moe/expert_{i:int}/up/w\" | stack(axis=0, over=i) -> \"moe/experts/up/w\"\n"},
	{"moe/experts/up/w[8,3,4]", "moe/expert_{1..8}/up/w[3,4]",
	 "likely map \"moe/experts/up/w\" | unstack(axis=0, as=i) -> \"moe/expert_{i+1}/up/w\"\n"},
	/* Square matrices among others that are transposed. */
	{"a/kernel[2,3] b/kernel[4,4]", "a/weight[3,2] b/weight[4,4]",
	 "likely map \"a/kernel\" | transpose -> \"a/weight\"\nopen map \"b/kernel\" -> \"TODO/b/weight\"\n"},
	{"a/kernel[2,3] b/kernel[4,4]", "a/kernel[3,2] b/kernel[4,4]",
	 "likely map \"a/kernel\" | transpose -> \"a/kernel\"\nopen map \"b/kernel\" -> \"TODO/b/kernel\"\n"},
	/* What nobody can know. */
	{"x[3] y[3]", "p[3] q[3]", "open map \"x\" -> \"TODO/x\"\nopen map \"y\" -> \"TODO/y\"\nopen map \"TODO/p\" -> \"p\"\nopen map \"TODO/q\" -> \"q\"\n"},
	{"cls/x[3] cls/y[4] a[1]", "a[1] h/b[5] h/c[6]",
	 "open map \"cls/**\" -> \"TODO/cls/**\"\nopen map \"TODO/h/**\" -> \"h/**\"\nsure keep rest\n"},
	{"TODO/x[3]", "y[5]", "open map \"TODO/x\" -> \"TODO_/TODO/x\"\nopen map \"TODO_/y\" -> \"y\"\n"},
	/* Counters and slots. */
	{"w[2] global_step:i64[] beta1_power[]", "w[2] optimizer/iterations:i64[] optimizer/learning_rate[]",
	 "sure map \"global_step\" -> \"optimizer/iterations\"\nsure drop \"beta1_power\" because \"it follows from the number of steps\"\n"
	 "sure new \"optimizer/learning_rate\" = template\nsure keep rest\n"},
	{"w[2] optimizer/iter:i64[]", "w[2] global_step:i64[] beta1_power[]",
	 "sure map \"optimizer/iter\" -> \"global_step\"\nopen map \"TODO/beta1_power\" -> \"beta1_power\"\nsure keep rest\n"},
	{"w[2] optimizer/beta_1[] optimizer/decay[]", "w[2] optimizer/decay[]",
	 "sure drop \"optimizer/beta_1\" because \"the new program sets it\"\nsure keep rest\n"},
	{"decay[] w[2]", "w[2]", "open map \"decay\" -> \"TODO/decay\"\nsure keep rest\n"},	/* of no optimizer */
	{"w[2] w/Adam[2] w/Adam_1[2]", "w[2]", "sure slots drop because \"the new checkpoint has no optimizer slots\"\nsure keep rest\n"},
	{"w[2] w/Adam[2] w/Adam_1[2]", "w[2] w/Adam[2]", "sure drop \"**@v\" because \"the new checkpoint has no such slot\"\nsure keep rest\n"},
	{"w[2] w/Adam[2] x[3] x/Adam[3]", "w[2] w/Adam[2] x[3]",
	 "sure drop \"x@m\" because \"the new variable has no such slot\"\nsure keep rest\n"},
	{"w[2,3] w/Adam[2,3]", "w:bf16[3,2] w/Adam[3,2]",
	 "likely map \"w\" | transpose | cast(bf16) -> \"w\"\nlikely map \"w@m\" | transpose -> \"w@m\"\n"},
	{"w[2] w/adam_m[2] b[3] b/adam_m[3]", "w[2] w/Momentum[2] b[3] b/Momentum[3]",
	 "open map \"{b,w}@m\" -> \"TODO/{b,w}@momentum\"\nsure keep rest\n"},
	/* Odd names. */
	{"part*a/kernel[2,3]", "part@a/w[2,3]", "likely map \"part[*]a/kernel\" -> \"part[@]a/w\"\n"},
	{"part/\"a\"/kernel[2,3]", "part/\\a/w[2,3]", "likely map \"part/\\\"a\\\"/kernel\" -> \"part/\\\\a/w\"\n"},
	{"a//b[2] a//c[3] a//d[4]", "x//b[2] x//c[3] x//d[4]", "likely map \"a//{b,c,d}\" -> \"x//{b,c,d}\"\n"},
	{"99999999999999999999/kernel[2]", "9999999999999999999/kernel[2]",
	 "likely map \"99999999999999999999/kernel\" -> \"9999999999999999999/kernel\"\n"},
	{"", "a[2]", "open map \"TODO/a\" -> \"a\"\n"},
	{"a[2]", "", "open map \"a\" -> \"TODO/a\"\n"},
	{"", "", ""},
};

Test(scaffold, statements)
{
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		const char *found = statements(rows[i].from, rows[i].onto);
		cr_expect_str_eq(found, rows[i].wanted, "%s ONTO %s\nfound:\n%swanted:\n%s", rows[i].from, rows[i].onto, found, rows[i].wanted);
	}
}

Test(scaffold, names_and_hints)
{
	const struct ck_scaffold *made = scaffold("a/kernel[2,3] b/kernel[4,4] cls/x[9]", "a/weight[3,2] b/weight[4,4]");
	cr_assert_eq(made->n_statements, 3);
	cr_expect_eq(made->n_open, 2);
	const struct ck_scaffold_statement *doubt = &made->statements[1], *lost = &made->statements[2];
	cr_assert_eq(doubt->n_hints, 2);
	cr_expect_str_eq(doubt->hints[0].p, "map \"b/kernel\" -> \"b/weight\"");
	cr_expect_str_eq(doubt->hints[1].p, "map \"b/kernel\" | transpose -> \"b/weight\"");
	cr_expect_eq(doubt->n_sources, 1);
	cr_expect_eq(doubt->n_targets, 0, "a target with TODO is no name");
	cr_expect(ck_str_equal(doubt->sources[0], CK_STR("b/kernel")));
	cr_assert_eq(lost->n_hints, 1);
	cr_expect_str_eq(lost->hints[0].p, "drop \"cls/x\" because \"...\"");
	cr_expect_str_eq(made->migration.p, "model");
}

/* Two variables may have one name: an object graph with two children of one name makes such. */
Test(scaffold, two_variables_of_one_name)
{
	struct ck_manifest *onto = make("a[2] b[3] c[4]");
	struct ck_scaffold *made = NULL;
	onto->variables[2].name = onto->variables[0].name;
	cr_expect_eq(ck_scaffold(make("a[2] d[3]"), onto, arena, &diags, &made), CK_AMBIGUOUS_NAME);
	cr_expect_eq(ck_scaffold(onto, make("a[2] d[3]"), arena, &diags, &made), CK_AMBIGUOUS_NAME);
	cr_assert_eq(diags.n_items, 2);
	cr_expect_str_eq(diags.items[0]->message.p, "two variables of \"model.ckpt\" have the name \"a\"");
	cr_expect_eq(ck_scaffold(onto, NULL, arena, &diags, &made), CK_OK);
}

Test(scaffold, the_text)
{
	const struct ck_scaffold *made = scaffold("a[2]", "a[2]");
	cr_expect_str_eq(made->text.p,
			 "ckmig 1\n\n"
			 "# A first migration from \"model.ckpt\" onto \"model.ckpt\", to be read: `sure` and `likely` statements\n"
			 "# fit, and the comment says why they were chosen. To check it: ckmig plan --onto NEW FILE SOURCE\n"
			 "migration \"model\"\n\n"
			 "# sure: the same name, dtype and shape, 1 variable\n"
			 "keep rest\n");
	made = scaffold("", NULL);
	cr_expect_null(strstr(made->text.p, "\nkeep rest"), "it would match nothing");
	made = scaffold("l/layer_{0..3}/w[2] head[3] global_step:i64[]", NULL);
	cr_expect_not_null(strstr(made->text.p, "\nkeep rest\n"));
	cr_expect_not_null(strstr(made->text.p, "\n# map \"l/layer_{i:int}/**\" where i % 2 == 0 -> \"l/layer_{i/2}/**\"\n"));
	cr_expect_not_null(strstr(made->text.p, "\n# drop \"head\" because "));
	cr_expect_not_null(strstr(made->text.p, "global_step"));
}

static size_t n_until_failure;

static int fail_once(enum ck_seam seam)
{
	if (seam != CK_SEAM_ALLOC || n_until_failure-- > 0)
		return 0;
	ck_seam_fault = NULL;
	return 12;
}

/* Each allocation fails once: a code, and no crash. */
Test(scaffold, every_allocation_fails_once)
{
	const struct ck_manifest *from = make("e/layer_{0..3}/q/kernel[4,4] e/layer_{0..3}/k/kernel[4,4] e/layer_{0..3}/v/kernel[4,4] x[3] y[5]");
	const struct ck_manifest *onto = make("e/{0..3}/qkv/kernel[4,12] z[3] y[7] p/a[8] p/b[9]");
	for (int alone = 0; alone < 2; alone++) {
		enum ck_code code = CK_NOMEM;
		size_t i = 0;
		for (; code != CK_OK; i++) {
			struct ck_arena *own = ck_arena_new((size_t)1 << 30);
			struct ck_scaffold *made;
			cr_assert_lt(i, 100000);
			n_until_failure = i;
			ck_seam_fault = fail_once;
			code = ck_scaffold(from, alone ? NULL : onto, own, &diags, &made);
			bool failed = !ck_seam_fault;
			ck_seam_fault = NULL;
			cr_assert(code == CK_OK || code == CK_NOMEM);
			cr_assert(code == CK_NOMEM || !failed, "allocation %zu failed and nobody said so", i);
			ck_arena_free(own);
		}
		cr_expect_gt(i, 3);
	}
}
