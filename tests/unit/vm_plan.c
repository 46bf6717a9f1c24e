#include "tests/unit/vm_sample.h"

static struct ck_diags diags;
static struct sample s;
static struct ck_buf file;

static void set_up(void)
{
	arena = ck_arena_new((size_t)256 << 20);
	cr_assert(ck_diags_init(&diags));
	sample_make(&s, &diags);
	cr_assert_eq(ck_plan_encode(&s.plan, &diags, &file), CK_OK);
}

static void tear_down(void)
{
	ck_buf_clear(&file);
	ck_diags_clear(&diags);
	ck_arena_free(arena);
}

TestSuite(vm_plan, .init = set_up, .fini = tear_down);

/* Decodes into an arena of its own with a limit; the sink is emptied. */
static enum ck_code decode(struct ck_str bytes, size_t limit)
{
	struct ck_arena *own = ck_arena_new(limit);
	struct ck_plan *plan;
	enum ck_code code = ck_plan_decode(bytes, CK_STR("x.ckplan"), own, &diags, &plan);

	cr_assert((code == CK_OK) == (diags.n_errors == 0), "%s", ck_code_number(code));
	diags.n_items = diags.n_errors = diags.n_files = 0;
	ck_arena_free(own);
	return code;
}

/* A plan file around any bytes, with a right checksum. */
static void frame(const struct ck_buf *packed, struct ck_buf *out)
{
	uint8_t digest[CK_SHA256];

	out->n = 0;
	cr_assert(ck_sha256(ck_buf_view(packed), digest));
	ck_buf_str(out, CK_STR(CK_PLAN_MAGIC));
	ck_buf_bytes(out, digest, sizeof(digest));
	ck_buf_str(out, ck_buf_view(packed));
}

Test(vm_plan, round_trip)
{
	struct ck_plan *plan = NULL;
	struct ck_buf again = { 0 };

	cr_assert(ck_plan_is(ck_buf_view(&file)));
	cr_assert_eq(ck_plan_decode(ck_buf_view(&file), CK_STR("x.ckplan"), arena, &diags, &plan), CK_OK, "%s",
		     diags.n_items ? diags.items[0]->message.p : "");
	cr_assert_eq(ck_plan_encode(plan, &diags, &again), CK_OK);
	cr_expect(ck_str_equal(ck_buf_view(&file), ck_buf_view(&again)), "decode, then encode, gives the same bytes");
	cr_expect_eq(memcmp(plan->digest, s.plan.digest, CK_SHA256), 0);
	cr_expect_eq(plan->message->code->n_rules, 4);
	cr_expect_eq(diags.n_files, 1, "the text of the migration is there for messages");
	cr_expect(ck_str_equal(ck_diags_text(&diags, ck_plan_rule_span(plan, 1, SIZE_MAX)), CK_STR("drop ...")));
	cr_expect_eq(ck_plan_rule_span(plan, 9, 0).file, 0);
	cr_expect_eq(ck_plan_check_span(plan, 0, 0).file, 0, "the sample has no places for checks");
	ck_buf_clear(&again);
}

Test(vm_plan, the_digest_is_that_of_the_code)
{
	uint8_t digest[CK_SHA256];

	memcpy(digest, s.plan.digest, sizeof(digest));
	s.plan.message->bound = NULL;
	s.plan.message->debug = NULL;
	cr_assert_eq(ck_plan_seal(&s.plan, &diags), CK_OK);
	cr_expect_eq(memcmp(digest, s.plan.digest, CK_SHA256), 0, "places and bindings are no part of it");
	s.concat->args[0]->integer = 0;
	cr_assert_eq(ck_plan_seal(&s.plan, &diags), CK_OK);
	cr_expect_neq(memcmp(digest, s.plan.digest, CK_SHA256), 0);
}

Test(vm_plan, names_of_inputs)
{
	ProtobufCBinaryData inputs[1] = { bytes_of("teacher") };

	s.code->n_inputs = 1;
	s.code->inputs = inputs;
	cr_expect(ck_str_equal(ck_plan_input_name(&s.plan, CK_INPUT_TEMPLATE), CK_STR("template")));
	cr_expect(ck_str_equal(ck_plan_input_name(&s.plan, CK_INPUT_DECLARED), CK_STR("teacher")));
	cr_expect(ck_str_equal(ck_plan_input_name(&s.plan, CK_INPUT_DECLARED + 1), CK_STR("?")));
}

Test(vm_plan, truncated_and_flipped_bytes_are_refused)
{
	char *bytes = ck_alloc(file.n);

	for (size_t n = 0; n < file.n; n++)
		cr_expect_eq(decode((struct ck_str){ file.p, n }, (size_t)16 << 20), CK_BAD_PLAN, "%zu bytes of %zu", n, file.n);
	memcpy(bytes, file.p, file.n);
	for (size_t i = 0; i < file.n; i++) {
		bytes[i] = (char)(bytes[i] ^ (1 << i % 8));
		cr_expect_eq(decode((struct ck_str){ bytes, file.n }, (size_t)16 << 20), CK_BAD_PLAN, "byte %zu", i);
		bytes[i] = file.p[i];
	}
	ck_free(bytes);
}

/* The checksum is no defence against who makes one: every change of one byte under a right checksum is decoded or refused. */
Test(vm_plan, changed_bytes_under_a_right_checksum)
{
	size_t n_head = sizeof(CK_PLAN_MAGIC) - 1 + CK_SHA256, n_good = 0, n_bad = 0;
	struct ck_buf packed = { 0 }, framed = { 0 };

	ck_buf_bytes(&packed, file.p + n_head, file.n - n_head);
	for (size_t i = 0; i < packed.n; i++)
		for (unsigned change = 0; change < 10; change++) {
			char old = packed.p[i];
			enum ck_code code;

			packed.p[i] = (char)(change < 8 ? old ^ (1 << change) : change == 8 ? 0 : 0xff);
			frame(&packed, &framed);
			code = decode(ck_buf_view(&framed), (size_t)16 << 20);
			cr_assert(code == CK_OK || code == CK_BAD_PLAN || code == CK_NEW_PLAN || code == CK_NOMEM, "%s", ck_code_number(code));
			n_good += code == CK_OK;
			n_bad += code != CK_OK;
			packed.p[i] = old;
		}
	cr_expect(n_good > 0 && n_bad > n_good, "%zu good, %zu bad", n_good, n_bad);
	ck_buf_clear(&packed);
	ck_buf_clear(&framed);
}

static void put_varint(struct ck_buf *buf, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		ck_buf_char(buf, (char)(value | 0x80));
	ck_buf_char(buf, (char)value);
}

/* Wraps what is in buf as field `number` of a message, depth times. */
static void wrap(struct ck_buf *buf, unsigned number, size_t depth)
{
	struct ck_buf outer = { 0 };

	for (size_t i = 0; i < depth; i++) {
		outer.n = 0;
		put_varint(&outer, number << 3 | 2);
		put_varint(&outer, buf->n);
		ck_buf_bytes(&outer, buf->p, buf->n);
		buf->n = 0;
		ck_buf_bytes(buf, outer.p, outer.n);
	}
	ck_buf_clear(&outer);
}

/* Expressions in expressions, pieces in pieces: protobuf-c would recurse as deep as the file says. */
Test(vm_plan, deep_nesting_does_not_reach_protobuf)
{
	static const struct {
		unsigned args, insn, code;	/* field numbers from the inside out */
	} paths[] = {
		{ 6, 8, 7 },	/* Expr.args in Insn.where in Rule.code */
		{ 7, 2, 3 },	/* Piece.pieces in Pattern.pieces in Source.pattern */
	};
	static const size_t depths[] = { 100, 1000, 20000 };

	for (size_t i = 0; i < CK_COUNT(paths); i++)
		for (size_t j = 0; j < CK_COUNT(depths); j++) {
			struct ck_buf packed = { 0 }, framed = { 0 };

			wrap(&packed, paths[i].args, depths[j]);
			wrap(&packed, paths[i].insn, 1);
			wrap(&packed, paths[i].code, 1);
			if (i == 1) {
				wrap(&packed, 5, 1);	/* Insn.source */
				wrap(&packed, 7, 1);	/* Rule.code */
			}
			wrap(&packed, 11, 1);		/* Code.rules */
			wrap(&packed, 2, 1);		/* Plan.code */
			ck_buf_str(&packed, CK_STR("\x08\x01"));
			frame(&packed, &framed);
			cr_expect_eq(decode(ck_buf_view(&framed), (size_t)64 << 20), CK_BAD_PLAN, "depth %zu", depths[j]);
			ck_buf_clear(&packed);
			ck_buf_clear(&framed);
		}
}

Test(vm_plan, limits)
{
	struct ck_buf packed = { 0 }, framed = { 0 };

	cr_expect_eq(decode(ck_buf_view(&file), 4096), CK_NOMEM, "the arena's limit holds for protobuf-c");
	/* A million empty rules in two bytes each. */
	for (int i = 0; i < 1000000; i++)
		ck_buf_str(&packed, CK_STR("\x5a\x00"));
	wrap(&packed, 2, 1);
	ck_buf_str(&packed, CK_STR("\x08\x01"));
	frame(&packed, &framed);
	cr_expect_eq(decode(ck_buf_view(&framed), (size_t)16 << 20), CK_NOMEM);
	packed.n = 0;
	ck_buf_str(&packed, CK_STR("\x08\x02\xff\xff"));
	frame(&packed, &framed);
	cr_expect_eq(decode(ck_buf_view(&framed), 65536), CK_NEW_PLAN, "a newer format may hold anything");
	packed.n = 0;
	ck_buf_str(&packed, CK_STR("\x08\x01\x08\x01"));
	frame(&packed, &framed);
	cr_expect_eq(decode(ck_buf_view(&framed), 65536), CK_BAD_PLAN, "a field twice");
	packed.n = 0;
	ck_buf_str(&packed, CK_STR("\x08\x01\x28\x01"));
	frame(&packed, &framed);
	cr_expect_eq(decode(ck_buf_view(&framed), 65536), CK_BAD_PLAN, "a field that does not exist");
	ck_buf_clear(&packed);
	ck_buf_clear(&framed);
}

Test(vm_plan, listing)
{
	static const char *const parts[] = {
		"migration \"sample\"\ndigest    ", "\nrule 0  map  ; sample.ckmig:3\n", "    CONCAT     r2 <- r1  axis=1  over=p\n",
		"    TYPE       r1 <- r0  : f32[d, _]\n", "\nrule 1  drop because \"the head is retrained\"  ; sample.ckmig:4\n", "    DROP       r0\n",
		"    FILL       r0 <-  fill=zeros  : f32[2, 5]\n", "\ncheck 0  after the run\n",
		"\nbound  one-way, reads 0, writes 0, copies 0, links 0 bytes\n", "\ntarget \"a\"  f32[2, 3]  rule 3  unchanged  kept\n",
		"    shard 0  offset 24  56 bytes\n", "    CONCAT     r2 <- r0 r1  axis=1\n", "    LOAD       r0 <- source 1  : f32[2, 3]\n",
		"\nuses\n  kept    source:\"a\"  rule 3\n", "\nbound check 0\n  finite  target 0 1 2\n  count  target 1\n",
	};
	struct ck_buf text = { 0 }, again = { 0 }, json = { 0 };
	struct ck_plan *plan;

	ck_plan_disasm(&s.plan, &text);
	ck_buf_char(&text, '\0');
	for (size_t i = 0; i < CK_COUNT(parts); i++)
		cr_expect(strstr(text.p, parts[i]), "no \"%s\" in\n%s", parts[i], text.p);
	cr_assert_eq(ck_plan_decode(ck_buf_view(&file), CK_STR("x.ckplan"), arena, &diags, &plan), CK_OK);
	ck_plan_disasm(plan, &again);
	ck_buf_char(&again, '\0');
	cr_expect_str_eq(again.p, text.p, "a decoded plan lists as the one that was encoded");
	ck_plan_disasm_json(plan, &json);
	cr_expect_not(json.failed);
	ck_buf_char(&json, '\0');
	cr_expect(strstr(json.p, "\"op\": \"CONCAT\""), "%s", json.p);
	cr_expect(strstr(json.p, "\"bytes\": \"56\""), "%s", json.p);
	ck_buf_clear(&text);
	ck_buf_clear(&again);
	ck_buf_clear(&json);
}
