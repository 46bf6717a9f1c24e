/* The dry run and the report of a bound plan made by hand. */
#include "tests/unit/vm_sample.h"

#include <jansson.h>
#include <math.h>

#include "bundle/base/io.h"
#include "vm/bind.h"
#include "vm/report_internal.h"

static struct ck_diags diags;
static struct sample s;
static struct ck_variable variables[16];
static struct ck_manifest source;
static const struct ck_manifest *manifests[CK_INPUT_DECLARED];
static struct ck_inputs inputs = { CK_INPUT_DECLARED, manifests };
static struct ck_target_result results[16];
static struct ck_report report;

/* A variable of a checkpoint, [2, columns], after those before in the order of keys. */
static struct ck_variable *add_variable(struct ck_manifest *manifest, const char *key, uint64_t columns)
{
	struct ck_variable *variable = &manifest->variables[manifest->n_variables];
	uint64_t *dims = ck_arena_array(arena, 2, sizeof(*dims));

	dims[0] = 2;
	dims[1] = columns;
	*variable = (struct ck_variable){ .key = ck_str(key), .name = ck_str(key), .dtype = CK_DT_F32, .shape = { 2, dims },
					  .place.n_bytes = 8 * columns, .node = -1, .attribute = -1 };
	cr_assert(ck_map_put(&manifest->by_key, variable->key, manifest->n_variables++));
	manifest->n_bytes += variable->place.n_bytes;
	return variable;
}

static void set_up(void)
{
	arena = ck_arena_new((size_t)256 << 20);
	cr_assert(ck_diags_init(&diags));
	sample_make(&s, &diags);
	s.bound->peak_bytes = 5000;
	s.bound->read_bytes = s.bound->write_bytes = 56;
	s.bound->copy_bytes = 24;
	s.bound->n_inexact_rules = 1;
	s.bound->inexact_rules = ck_arena_array(arena, 2, sizeof(uint32_t));
	s.bound->inexact_rules[0] = 1;
	s.bound->uses[3]->because = bytes_of("the head is retrained");
	source = (struct ck_manifest){ .path = CK_STR("old"), .prefix = CK_STR("old"), .n_shards = 1, .variables = variables };
	ck_map_init(&source.by_key, arena);
	add_variable(&source, "a", 3);
	add_variable(&source, "a/0/k/w", 3);
	add_variable(&source, "a/0/q/w", 4);
	add_variable(&source, "cls", 2);
	manifests[CK_INPUT_SOURCE] = &source;
	report = (struct ck_report){ .bound = &s.plan, .inputs = &inputs, .output = CK_STR("out/new"), .targets = results,
				     .all_checks_hold = true, .written = true, .verify = "changed", .seconds = 0.414, .n_read = 56,
				     .n_written = 56, .n_copied = 24 };
}

static void tear_down(void)
{
	ck_diags_clear(&diags);
	ck_arena_free(arena);
}

TestSuite(vm_report, .init = set_up, .fini = tear_down);

/* ---- helpers */

/* Puts more into the plan's lists, in the order of keys that the test takes care of. */
static void set_targets(size_t n, void *targets)
{
	s.bound->n_targets = n;
	s.bound->targets = targets;
}

static void set_uses(size_t n, void *uses)
{
	s.bound->n_uses = n;
	s.bound->uses = uses;
}

static void expect_text(const struct ck_buf *buf, const char *expected)
{
	cr_expect(ck_str_equal(ck_buf_view(buf), ck_str(expected)), "expected:\n%s\nfound:\n%.*s", expected, CK_STR_ARG(ck_buf_view(buf)));
}

static void expect_dryrun(bool expand, bool color, const char *expected)
{
	struct ck_buf out = { 0 };

	cr_assert_eq(ck_dryrun_text(&s.plan, &inputs, CK_STR("x.ckmig"), expand, color, &out), CK_OK);
	expect_text(&out, expected);
	ck_buf_clear(&out);
}

/* Whether the dry run has this among its lines. */
static void expect_line(bool expand, const char *line)
{
	struct ck_buf out = { 0 };

	cr_assert_eq(ck_dryrun_text(&s.plan, &inputs, CK_STR("x.ckmig"), expand, false, &out), CK_OK);
	ck_buf_char(&out, '\0');
	cr_expect(strstr(out.p, line), "\"%s\" is not in:\n%s", line, out.p);
	ck_buf_clear(&out);
}

static json_t *document(bool of_run)
{
	struct ck_buf out = { 0 };
	json_error_t error;
	json_t *json;

	cr_assert_eq(of_run ? ck_report_json(&report, &out) : ck_dryrun_json(&s.plan, &inputs, &out), CK_OK);
	json = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	cr_assert(json, "%s in:\n%.*s", error.text, CK_STR_ARG(ck_buf_view(&out)));
	ck_buf_clear(&out);
	return json;
}

/* The value at a path such as "targets.1.name". */
static json_t *at(json_t *json, const char *path)
{
	char text[128], *state = NULL;

	cr_assert(strlen(path) < sizeof(text));
	strcpy(text, path);
	for (char *part = strtok_r(text, ".", &state); part && json; part = strtok_r(NULL, ".", &state))
		json = json_is_array(json) ? json_array_get(json, (size_t)atoi(part)) : json_object_get(json, part);
	cr_assert(json, "%s", path);
	return json;
}

static void expect_json(json_t *json, const char *path, const char *expected)
{
	char *found = json_dumps(at(json, path), JSON_ENCODE_ANY | JSON_COMPACT);

	cr_expect_str_eq(found, expected, "%s", path);
	free(found);
}

static int64_t number_at(json_t *json, const char *path)
{
	json_t *value = at(json, path);

	return json_is_string(value) ? strtoll(json_string_value(value), NULL, 10) : json_integer_value(value);
}

/* Everything by name adds up to the totals, and the totals balance. */
static void expect_balance(json_t *json)
{
	json_t *item;
	size_t i;
	int64_t n[3] = { 0 }, made[3] = { 0 }, in = 0, out = 0, dropped = 0, new = 0;

	json_array_foreach(at(json, "sources"), i, item) {
		const char *use = json_string_value(json_object_get(item, "use"));

		n[!strcmp(use, "kept") + 2 * !strcmp(use, "dropped")]++;
		in += number_at(item, "bytes");
		dropped += !strcmp(use, "dropped") ? number_at(item, "bytes") : 0;
	}
	json_array_foreach(at(json, "targets"), i, item) {
		const char *how = json_string_value(json_object_get(item, "made"));

		made[!strcmp(how, "kept") + 2 * !strcmp(how, "new")]++;
		out += number_at(item, "bytes");
		new += !strcmp(how, "new") ? number_at(item, "bytes") : 0;
	}
	cr_expect_eq(number_at(json, "totals.sources.used"), n[0]);
	cr_expect_eq(number_at(json, "totals.sources.kept"), n[1]);
	cr_expect_eq(number_at(json, "totals.sources.dropped"), n[2]);
	cr_expect_eq(number_at(json, "totals.sources.all"), n[0] + n[1] + n[2]);
	cr_expect_eq(number_at(json, "totals.targets.mapped"), made[0]);
	cr_expect_eq(number_at(json, "totals.targets.kept"), made[1]);
	cr_expect_eq(number_at(json, "totals.targets.new"), made[2]);
	cr_expect_eq(number_at(json, "totals.targets.all"), made[0] + made[1] + made[2]);
	cr_expect_eq(number_at(json, "totals.bytes.in"), in);
	cr_expect_eq(number_at(json, "totals.bytes.out"), out);
	cr_expect_eq(number_at(json, "totals.bytes.dropped"), dropped);
	cr_expect_eq(number_at(json, "totals.bytes.new"), new);
	cr_expect_eq(in, out + dropped + number_at(json, "totals.bytes.changed_in_size"));
	cr_expect_eq(number_at(json, "totals.bytes.changed_in_size"), number_at(json, "totals.bytes.resized") - new);
}

/* ---- the dry run */

Test(vm_report, table)
{
	expect_dryrun(false, false,
		      "x.ckmig on old: 4 variables, 96 bytes, 1 shard\n"
		      "\n"
		      "      what                    variables     bytes   mapping\n"
		      "  ~   concat                  2 -> 1           56   a/{i}/{p:q,k}/* where i < 3 [2,3] [2,4] -> b/{i}/* [2,7]\n"
		      "  -   drop                    1 -> 0           16   cls   the head is retrained\n"
		      "  +   zeros                   0 -> 1           40   n [2,5]\n"
		      "  =   keep                    1 -> 1           24   rest\n"
		      "\n"
		      "  4 -> 3 variables, 96 -> 120 bytes. 1 unchanged, 2 made into 1, 1 new, 1 dropped, 0 unaccounted.\n"
		      "  one-way: drop at line 4. Reads 56 bytes, writes 56 bytes, copies 24 bytes, peak memory 5 KiB.\n");
}

Test(vm_report, expanded)
{
	expect_dryrun(true, false,
		      "x.ckmig on old: 4 variables, 96 bytes, 1 shard\n"
		      "\n"
		      "      what                    variables     bytes   mapping\n"
		      "  ~   concat                  2 -> 1           56   a/0/{k,q}/w f32[2,3] f32[2,4] -> b/0/w f32[2,7]\n"
		      "  -   drop                    1 -> 0           16   cls   the head is retrained\n"
		      "  +   zeros                   0 -> 1           40   n f32[2,5]\n"
		      "  =   keep                    1 -> 1           24   a f32[2,3]\n"
		      "\n"
		      "  4 -> 3 variables, 96 -> 120 bytes. 1 unchanged, 2 made into 1, 1 new, 1 dropped, 0 unaccounted.\n"
		      "  one-way: drop at line 4. Reads 56 bytes, writes 56 bytes, copies 24 bytes, peak memory 5 KiB.\n");
}

Test(vm_report, colors_are_of_the_marks)
{
	struct ck_buf plain = { 0 }, painted = { 0 };

	cr_assert_eq(ck_dryrun_text(&s.plan, &inputs, CK_STR("x"), false, false, &plain), CK_OK);
	cr_assert_eq(ck_dryrun_text(&s.plan, &inputs, CK_STR("x"), false, true, &painted), CK_OK);
	ck_buf_char(&painted, '\0');
	cr_expect(strstr(painted.p, "\n  \033[33m~\033[0m   concat"));
	cr_expect(strstr(painted.p, "\n  \033[31m-\033[0m   drop"));
	cr_expect(strstr(painted.p, "\n  \033[32m+\033[0m   zeros"));
	cr_expect(strstr(painted.p, "\n  =   keep"));
	cr_expect_eq(painted.n - 1, plain.n + 3 * strlen("\033[32m\033[0m"));
	ck_buf_clear(&plain);
	ck_buf_clear(&painted);
}

/* Another target of the first rule, of the fifth variable of the source. */
static void add_joined(uint64_t columns, const char *other)
{
	Ck__Plan__Target *more = target_of(other, 2 * columns, 120, 2,
					   list_of(2, load_of(0, 4, shape_of(CK_DT_F32, 2, (int64_t)columns)), concat_of(1, 2, 0, 0, 1, expr_of(CK_EXPR_NONE, 0, 0))));

	add_variable(&source, "z", columns);
	set_targets(4, list_of(4, s.kept, s.joined, more, s.made));
	set_uses(5, list_of(5, s.bound->uses[0], s.bound->uses[1], s.bound->uses[2], s.bound->uses[3], use_of("z", CK_USE_MAPPED, 0)));
}

Test(vm_report, a_row_never_hides_two_shapes)
{
	add_joined(6, "b/1/w");
	expect_line(false, "  ~   concat                  2 -> 1           56   a/{i}/{p:q,k}/* where i < 3 [2,3] [2,4] -> b/{i}/* [2,7]\n"
			   "  ~   concat                  1 -> 1           96   a/{i}/{p:q,k}/* where i < 3 [2,6] -> b/{i}/* [2,12]\n");
	expect_line(false, "3 made into 2, ");
}

Test(vm_report, one_shape_is_one_row)
{
	/* The same shapes on both sides as of b/0/w. */
	Ck__Plan__Target *more = target_of("b/1/w", 7, 120, 3, list_of(3, s.joined->code[0], s.joined->code[1], s.joined->code[2]));

	set_targets(4, list_of(4, s.kept, s.joined, more, s.made));
	expect_line(false, "  ~   concat                  2 -> 2          112   a/");
}

Test(vm_report, unchanged_variables_of_all_shapes_are_one_row)
{
	Ck__Plan__Target *moved = target_of("z", 9, 120, 1, list_of(1, load_of(0, 4, shape_of(CK_DT_F32, 2, 9))));

	add_variable(&source, "z", 9);
	moved->rule = 4;
	moved->unchanged = moved->kept = true;
	set_targets(4, list_of(4, s.kept, s.joined, s.made, moved));
	set_uses(5, list_of(5, s.bound->uses[0], s.bound->uses[1], s.bound->uses[2], s.bound->uses[3], use_of("z", CK_USE_KEPT, 3)));
	expect_line(false, "  =   keep                    2 -> 2           96   rest\n");
	/* Under another shape it is none of them. */
	moved->kept = false;
	moved->n_code = moved->n_registers = 2;
	moved->code = list_of(2, moved->code[0], insn_of(CK_OP_RESHAPE, 1, 1, 0, 0));
	moved->dims[0] = 1;
	moved->dims[1] = 18;
	expect_line(false, "  =   keep                    1 -> 1           24   rest\n");
	expect_line(false, "rest [2,9] -> same [1,18]\n");
}

Test(vm_report, slots_have_rows_of_their_own)
{
	struct ck_variable *m = add_variable(&source, "zm", 3), *v = add_variable(&source, "zv", 3), *dropped = add_variable(&source, "zz", 2);
	Ck__Plan__Target *targets[2];
	struct ck_buf out = { 0 };
	Ck__Plan__Use *uses[3] = { use_of("zm", CK_USE_KEPT, 3), use_of("zv", CK_USE_KEPT, 3), use_of("zz", CK_USE_DROPPED, 1) };
	json_t *json;

	m->name = v->name = CK_STR("a");
	dropped->name = CK_STR("cls");
	uses[0]->label = bytes_of("a@m");
	uses[1]->label = bytes_of("a@v");
	uses[2]->label = bytes_of("cls@opt/m");
	uses[2]->because = bytes_of("its variable is dropped");
	for (int i = 0; i < 2; i++) {
		targets[i] = target_of(i ? "a@v" : "a@m", 3, 0, 1, list_of(1, load_of(0, 4 + (uint64_t)i, shape_of(CK_DT_F32, 2, 3))));
		targets[i]->rule = 4;
		targets[i]->unchanged = targets[i]->kept = true;
	}
	set_targets(5, list_of(5, s.kept, targets[0], targets[1], s.joined, s.made));
	set_uses(7, list_of(7, s.bound->uses[0], s.bound->uses[1], s.bound->uses[2], s.bound->uses[3], uses[0], uses[1], uses[2]));
	expect_line(false, "  -   drop                    1 -> 0           16   cls   the head is retrained\n"
			   "  -   drop slots              1 -> 0           16   ... @m   its variable is dropped\n");
	expect_line(false, "  =   keep                    1 -> 1           24   rest\n"
			   "  =   keep slots              2 -> 2           48   ... @m @v\n");
	expect_line(true, "  =   keep                    1 -> 1           24   a@v f32[2,3]\n");
	json = document(false);
	expect_balance(json);
	json_decref(json);
	/* After a run they are told with their variables. */
	cr_assert_eq(ck_report_text(&report, false, &out), CK_OK);
	ck_buf_char(&out, '\0');
	cr_expect(strstr(out.p, "  -   drop                    2 -> 0           32   cls and @m   the head is retrained\n"), "%s", out.p);
	ck_buf_clear(&out);
}

Test(vm_report, slots_that_the_migration_drops)
{
	s.bound->uses[3]->n_rules = 0;
	s.bound->uses[3]->label = bytes_of("a@m");
	variables[3].name = CK_STR("a");
	s.bound->n_inexact_rules = 0;
	expect_line(false, "  -   drop slots              1 -> 0           16   all: @m   the head is retrained\n");
	expect_line(false, "\n  one-way: slots are dropped. Reads ");
}

Test(vm_report, rows_stand_as_the_statements_are_written)
{
	/* keep comes first in the text. */
	s.debug->rules[3]->statement->begin = 0;
	expect_line(false, "mapping\n  =   keep                    1 -> 1           24   rest\n  ~   concat ");
	s.bound->n_inexact_rules = 2;
	s.bound->inexact_rules[1] = 3;
	expect_line(false, "one-way: keep at line 1, drop at line 4.");
	s.plan.message->debug = NULL;
	expect_line(false, "one-way: drop at statement 2, keep at statement 4.");
}

Test(vm_report, operators_of_members_count_once)
{
	Ck__Plan__Insn *flips[2];
	json_t *json;

	for (uint32_t i = 0; i < 2; i++) {
		flips[i] = insn_of(CK_OP_FLIP, 2 + i, 1, i, 0);
		flips[i]->n_args = 1;
		flips[i]->args = list_of(1, expr_of(CK_EXPR_INT, 0, 0));
	}
	s.joined->n_code = s.joined->n_registers = 6;
	s.joined->code = list_of(6, s.joined->code[0], flips[0], s.joined->code[1], flips[1],
				 concat_of(4, 2, 2, 3, 1, expr_of(CK_EXPR_NONE, 0, 0)), insn_of(CK_OP_FLIP, 5, 1, 4, 0));
	s.joined->code[5]->n_args = 1;
	s.joined->code[5]->args = flips[0]->args;
	json = document(false);
	expect_json(json, "targets.1.operators", "[\"flip(axis=0)\",\"concat(axis=1)\",\"flip(axis=0)\"]");
	json_decref(json);
}

Test(vm_report, zero_slots_of_the_template)
{
	static struct ck_variable of_template[4];
	struct ck_manifest template = { .path = CK_STR("new"), .n_shards = 2, .variables = of_template };
	json_t *json;

	ck_map_init(&template.by_key, arena);
	add_variable(&template, "n", 5)->convention = CK_TF1;
	manifests[CK_INPUT_TEMPLATE] = &template;
	s.made->rule = 0;
	s.made->label = bytes_of("b@m");
	s.bound->n_notices = 1;
	s.bound->notices = list_of(1, MAKE(Ck__Plan__Notice, ck__plan__notice__init));
	s.bound->notices[0]->text = bytes_of("zeros for the template's slot b@m");
	expect_line(false, "x.ckmig on old: 4 variables, 96 bytes, 1 shard\n  onto new: 1 variable, 40 bytes, 2 shards\n\n");
	expect_line(false, "  +   zeros slots             0 -> 1           40   the template's, which nothing fills: @m\n");
	expect_line(false, "5 KiB.\n  notice: zeros for the template's slot b@m\n");
	json = document(false);
	expect_balance(json);
	expect_json(json, "totals.targets.zero_slots", "1");
	expect_json(json, "targets.2.rule", "null");
	json_decref(json);
	manifests[CK_INPUT_TEMPLATE] = NULL;
}

Test(vm_report, what_narrows_is_marked)
{
	Ck__Plan__Insn *cast = insn_of(CK_OP_CAST, 3, 1, 2, 0);

	cast->n_args = 2;
	cast->args = list_of(2, expr_of(CK_EXPR_DTYPE, 0, CK_DT_BF16), word_of("error"));
	s.joined->n_code = s.joined->n_registers = 4;
	s.joined->code = list_of(4, s.joined->code[0], s.joined->code[1], s.joined->code[2], cast);
	s.joined->dtype = CK_DT_BF16;
	s.joined->n_bytes = 28;
	expect_line(false, "  !   concat                  2 -> 1           28   a/{i}/{p:q,k}/* where i < 3 f32[2,3] f32[2,4]\n"
			   "                                                      -> b/{i}/* bf16[2,7]\n");
	cast->args[0]->index = s.joined->dtype = CK_DT_F64;
	s.joined->n_bytes = 112;
	expect_line(false, "  ~   concat ");
}

Test(vm_report, long_rows_wrap_at_the_arrow)
{
	s.pieces[0]->text = bytes_of("transformer/encoder/layer/group/of/layers/that/is/called/a/");
	expect_line(false, "   transformer/encoder/layer/group/of/layers/that/is/called/a/{i}/{p:q,k}/* where i < 3 [2,3] [2,4]\n"
			   "                                                      -> b/{i}/* [2,7]\n");
}

Test(vm_report, tuples_fold)
{
	/* map ("a/{i}/q/w", "a/{i}/k/w") -> ... */
	Ck__Plan__Insn *q = source_of(0, CK_INPUT_SOURCE, false,
				      pattern_of(3, list_of(3, s.pieces[0], s.pieces[1], piece_of(CK_PIECE_LITERAL, "/q/w", 0))));
	Ck__Plan__Insn *k = source_of(1, CK_INPUT_SOURCE, false,
				      pattern_of(3, list_of(3, s.pieces[0], s.pieces[1], piece_of(CK_PIECE_LITERAL, "/k/w", 0))));

	s.map->n_code = 4;
	s.map->n_registers = 5;
	s.map->code = list_of(4, q, k, insn_of(CK_OP_JOIN, 2, 2, 0, 1), s.store);
	s.store->src[0] = 2;
	expect_line(false, "a/{i}/{q,k}/w [2,3] [2,4] -> b/{i}/* [2,7]\n");
	k->source->rest = true;
	expect_line(false, "(a/{i}/q/w, rest:a/{i}/k/w) [2,3] [2,4] -> b/{i}/* [2,7]\n");
	k->source->rest = false;
	k->source->pattern->by = CK_BY_PATH;
	q->source->pattern->by = CK_BY_PATH;
	expect_line(false, "path:a/{i}/{q,k}/w [2,3]");
}

Test(vm_report, names_from_files_are_escaped)
{
	s.bound->uses[3]->because = bytes_of("two\nlines \033[1m");
	s.kept->label = bytes_of("a\n");
	expect_line(false, "cls   two\\nlines \\u{1b}[1m\n");
	expect_line(true, "a\\n f32[2,3]\n");
}

/* ---- JSON */

Test(vm_report, dry_run_as_json)
{
	json_t *json = document(false);

	expect_balance(json);
	expect_json(json, "migration.id", "\"sample\"");
	expect_json(json, "inputs.0.index_sha256", "\"3031323334353637383961626364656630313233343536373839616263646566\"");
	expect_json(json, "inputs.0.variables", "4");
	expect_json(json, "targets.1.name", "\"b/0/w\"");
	expect_json(json, "targets.1.operators", "[\"concat(axis=1)\"]");
	expect_json(json, "targets.1.sources.1.shape", "[2,4]");
	expect_json(json, "targets.1.rule", "{\"statement\":\"map\",\"file\":\"sample.ckmig\",\"line\":3}");
	expect_json(json, "targets.2.operators", "[\"zeros\"]");
	expect_json(json, "sources.1.targets", "[\"b/0/w\"]");
	expect_json(json, "sources.3.because", "\"the head is retrained\"");
	expect_json(json, "exactness", "{\"is\":\"one-way\",\"because\":[{\"statement\":\"drop\",\"file\":\"sample.ckmig\",\"line\":4,\"reason\":\"drop\"}]}");
	expect_json(json, "totals.bytes", "{\"in\":96,\"out\":120,\"dropped\":16,\"changed_in_size\":-40,\"new\":40,\"resized\":0}");
	json_decref(json);
}

Test(vm_report, large_numbers_are_strings)
{
	json_t *json;

	variables[3].place.n_bytes = ((uint64_t)1 << 53) + 1;
	source.n_bytes += variables[3].place.n_bytes - 16;
	variables[0].shape.dims = (const uint64_t[]){ 2, (uint64_t)1 << 53 };
	json = document(false);
	expect_balance(json);
	expect_json(json, "sources.3.bytes", "\"9007199254740993\"");
	expect_json(json, "sources.0.shape", "[2,9007199254740992]");
	json_decref(json);
}

Test(vm_report, report_as_json)
{
	json_t *json;

	results[0] = (struct ck_target_result){ .crc = 0xabc, .has_crc = true };
	results[1] = (struct ck_target_result){ .crc = 0x89abcdef, .has_crc = true,
						.statistics = { true, 14, 2, 1, 3, -1.5, 2.5, 0.1, 0.25 } };
	results[2] = (struct ck_target_result){ .statistics = { true, 10, 9, 1, 0, 0, 0, NAN, INFINITY } };
	report.n_checks = 1;
	report.checks = &(struct ck_check_result){ CK_STR("finite(\"**\")"), false, CK_STR("2 NaN in b/0/w") };
	json = document(true);
	expect_balance(json);
	expect_json(json, "version", "1");
	expect_json(json, "output.name", "\"new\"");
	expect_json(json, "output.index_sha256", "\"0000000000000000000000000000000000000000000000000000000000000000\"");
	expect_json(json, "targets.0.crc32c", "\"00000abc\"");
	expect_json(json, "targets.0.how", "\"copied\"");
	expect_json(json, "targets.0.statistics", "null");
	expect_json(json, "targets.1.crc32c", "\"89abcdef\"");
	expect_json(json, "targets.1.how", "\"computed\"");
	expect_json(json, "targets.1.statistics",
		    "{\"elements\":14,\"nan\":2,\"inf\":1,\"zero\":3,\"min\":-1.5,\"max\":2.5,\"mean\":0.10000000000000001,\"stddev\":0.25}");
	expect_json(json, "targets.1.casts", "null");
	expect_json(json, "targets.2.crc32c", "null");
	expect_json(json, "targets.2.statistics.mean", "null");
	expect_json(json, "checks.0", "{\"text\":\"finite(\\\"**\\\")\",\"result\":\"failed\",\"detail\":\"2 NaN in b/0/w\"}");
	cr_expect_null(json_object_get(json, "seconds"), "the same inputs give the same bytes");
	json_decref(json);
	report.written = false;
	json = document(true);
	expect_json(json, "output.index_sha256", "null");
	json_decref(json);
}

Test(vm_report, the_graph_is_no_variable)
{
	Ck__Plan__Target *graph = target_of(CK_GRAPH_KEY, 0, 0, 0, NULL);
	struct ck_variable *stored = add_variable(&source, CK_GRAPH_KEY, 9);
	json_t *json;

	stored->kind = CK_GRAPH;
	source.n_bytes -= stored->place.n_bytes;
	graph->rule = 0;
	graph->n_bytes = 77;
	set_targets(4, list_of(4, graph, s.kept, s.joined, s.made));
	json = document(true);
	expect_balance(json);
	cr_expect_eq(json_array_size(at(json, "targets")), 3);
	expect_json(json, "output.object_graph_bytes", "77");
	expect_json(json, "totals.bytes.out", "120");
	json_decref(json);
	expect_line(false, "  4 -> 3 variables, ");
}

/* ---- the report's text */

Test(vm_report, report_as_text)
{
	struct ck_check_result checks[] = { { CK_STR("count(\"b/*\")\n    == 1"), true, { 0 } }, { CK_STR("finite(\"**\")"), false, CK_STR("2 NaN in b/0/w") } };
	struct ck_buf out = { 0 };

	results[0] = (struct ck_target_result){ 0 };
	results[1] = (struct ck_target_result){ .statistics = { .valid = true, .n_elems = 14, .n_nan = 2 }, .n_inexact = 5, .n_underflow = 1,
						.max_rounding = 0.00390625 };
	results[2] = (struct ck_target_result){ 0 };
	report.checks = checks;
	report.n_checks = 2;
	cr_assert_eq(ck_report_text(&report, false, &out), CK_OK);
	expect_text(&out,
		    "out/new: 4 -> 3 variables, 96 -> 120 bytes, in 0.41 s\n"
		    "  1 unchanged, 2 made into 1, 1 new, 1 dropped, 0 unaccounted\n"
		    "\n"
		    "      what                    variables     bytes   mapping\n"
		    "  ~   concat                  2 -> 1           56   a/{i}/{p:q,k}/* where i < 3 -> b/{i}/*\n"
		    "  -   drop                    1 -> 0           16   cls   the head is retrained\n"
		    "  +   zeros                   0 -> 1           40   n\n"
		    "\n"
		    "  casts in 1 variable: 5 values rounded, 1 of them to 0; by 0.00391 at most, in \"b/0/w\"\n"
		    "  ok      count(\"b/*\") == 1\n"
		    "  failed  finite(\"**\")   2 NaN in b/0/w\n"
		    "  warning: 2 NaN in \"b/0/w\"\n"
		    "  one-way: drop at line 4. Read 56 bytes, wrote 56 bytes, copied 24 bytes.\n"
		    "  verified: what changed was read again, and its checksums are right.\n");
	out.n = 0;
	report.written = false;
	cr_assert_eq(ck_report_text(&report, false, &out), CK_OK);
	cr_expect(ck_str_starts(ck_buf_view(&out), CK_STR("out/new: not written; it would be 4 -> 3 variables, 96 -> 120 bytes; stopped after 0.41 s\n")));
	ck_buf_clear(&out);
}

/* ---- memory */

static size_t n_until_failure;

static int fail_once(enum ck_seam seam)
{
	if (seam != CK_SEAM_ALLOC || n_until_failure-- > 0)
		return 0;
	ck_seam_fault = NULL;
	return 12;
}

/* Each allocation fails once: a code, no crash, and no half text that looks whole. */
static void sweep(enum ck_code (*say)(struct ck_buf *out))
{
	enum ck_code code = CK_NOMEM;
	size_t i = 0;

	for (; code != CK_OK; i++) {
		struct ck_buf out = { 0 };

		cr_assert_lt(i, 100000);
		n_until_failure = i;
		ck_seam_fault = fail_once;
		code = say(&out);
		cr_assert(code == CK_OK || code == CK_NOMEM, "%d", code);
		/* Done without a failure: the sweep is over. */
		if (code == CK_OK && !ck_seam_fault)
			cr_assert_fail("allocation %zu failed and nobody said so", i);
		ck_seam_fault = NULL;
		ck_buf_clear(&out);
	}
	cr_expect_gt(i, 3);
}

static enum ck_code make_dryrun_text(struct ck_buf *out)
{
	return ck_dryrun_text(&s.plan, &inputs, CK_STR("x"), true, true, out);
}

static enum ck_code make_dryrun_json(struct ck_buf *out)
{
	return ck_dryrun_json(&s.plan, &inputs, out);
}

static enum ck_code make_report_text(struct ck_buf *out)
{
	return ck_report_text(&report, true, out);
}

static enum ck_code make_report_json(struct ck_buf *out)
{
	return ck_report_json(&report, out);
}

static bool take_into_buffer(struct ck_drain *drain, struct ck_str bytes)
{
	struct { struct ck_drain drain; struct ck_buf taken; } *both = (void *)drain;

	ck_buf_str(&both->taken, bytes);
	return true;
}

/* Whatever was drained on the way, the text is the same. */
Test(vm_report, documents_are_drained)
{
	enum ck_code (*const makers[])(struct ck_buf *out) = { make_dryrun_json, make_report_json };

	for (size_t i = 0; i < CK_COUNT(makers); i++) {
		struct { struct ck_drain drain; struct ck_buf taken; } both = { .drain.take = take_into_buffer };
		struct ck_buf whole = { 0 }, out = { .drain = &both.drain };

		ck_buf_fill(&whole, ' ', 100000);
		ck_buf_fill(&out, ' ', 100000);
		cr_assert_eq(makers[i](&whole), CK_OK);
		cr_assert_eq(makers[i](&out), CK_OK);
		cr_assert_eq(both.taken.n, 100000 + 1, "what there was, and the bracket");
		cr_assert(ck_buf_drain(&out));
		cr_assert_eq(out.n, 0);
		cr_expect(ck_str_equal(ck_buf_view(&both.taken), ck_buf_view(&whole)), "document %zu", i);
		ck_buf_clear(&both.taken);
		ck_buf_clear(&whole);
		ck_buf_clear(&out);
	}
}

/* Each byte at each place, against jansson. */
Test(vm_report, texts_are_escaped)
{
	enum { LENGTH = 19 };
	char text[LENGTH + 1];

	for (size_t n = 0; n <= LENGTH; n++)
		for (size_t at = 0; at < n; at++)
			for (int byte = 0; byte < 0x80; byte++) {
				struct ck_buf out = { 0 };
				struct ck_document document;
				json_t *want, *got;

				memset(text, 'x', sizeof(text));
				text[at] = (char)byte;
				ck_document_begin(&document, &out);
				ck_document_text(&document, "key", (struct ck_str){ text, n });
				cr_assert_eq(ck_document_end(&document), CK_OK);
				want = json_pack("{s:o}", "key", json_stringn(text, n));
				got = json_loadb(out.p, out.n, JSON_ALLOW_NUL, NULL);
				cr_assert(json_equal(want, got), "byte %d at %zu of %zu: %.*s", byte, at, n, CK_STR_ARG(ck_buf_view(&out)));
				json_decref(want);
				json_decref(got);
				ck_buf_clear(&out);
			}
}

Test(vm_report, every_allocation_fails_once)
{
	json_set_alloc_funcs(ck_alloc, ck_free);
	sweep(make_dryrun_text);
	sweep(make_report_text);
	sweep(make_dryrun_json);
	sweep(make_report_json);
}
