#include "tests/unit/grammar.h"

#include <string.h>

static const struct {
	const char *text, *tree;
} trees[] = {
	/* statements */
	{"migration \"m\"", "(migration \"m\")"},
	{"migration \"m\" after \"a\", \"b\" summary \"s\"", "(migration \"m\" after \"a\" after \"b\" summary \"s\")"},
	{"migration \"m\" summary \"\"", "(migration \"m\" summary \"\")"},
	{"let a = 12", "(let a 12)"},
	{"param p = \"text\"", "(param p \"text\")"},
	{"input teacher", "(input teacher)"},
	{"target names target objects", "(target names)\n(target objects)"},
	{"slots follow", "(slots-follow)"},
	{"slots follow as keras3", "(slots-follow keras3)"},
	{"slots drop because \"new optimizer\"", "(slots-drop because \"new optimizer\")"},
	{"slot m = \"{x:**}/my_m\"", "(slot m \"{x:**}/my_m\")"},
	{"map \"a\" -> \"b\"", "(map (ref \"a\") -> \"b\")"},
	{"map also optional \"a\" -> same", "(map also optional (ref \"a\") -> same)"},
	{"map optional also \"a\" -> same", "(map also optional (ref \"a\") -> same)"},
	{"keep rest", "(keep (ref rest))"},
	{"keep also \"a\" where i == 1", "(keep also (ref \"a\" where (== i 1)))"},
	{"drop optional teacher:rest because \"r\"", "(drop optional (ref teacher:rest) because \"r\")"},
	{"drop rest:path:\"a/**\" where n < 2 because \"r\"", "(drop (ref rest:path:\"a/**\" where (< n 2)) because \"r\")"},
	{"new \"x\" : f32[3, 4] = zeros", "(new \"x\" : f32[3 4] = zeros)"},
	{"new rest = template", "(new rest = template)"},
	{"new rest : _[...] = normal(stddev=0.02, seed=7)", "(new rest : _[...] = (normal stddev=2e-02 seed=7))"},
	{"new path:\"a\" = template", "(new path:\"a\" = template)"},
	{"new \"head/w@m\" = zeros()", "(new \"head/w@m\" = (zeros))"},
	{"alias \"a\" = \"b\"", "(alias \"a\" \"b\")"},
	{"check finite(\"**\")", "(check (finite \"**\"))"},
	/* references, each in a check too, where a string alone is a value */
	{"map source:\"a\" -> same", "(map (ref source:\"a\") -> same)"},
	{"map template:rest -> same", "(map (ref template:rest) -> same)"},
	{"map teacher:rest:full:\"a\" -> same", "(map (ref teacher:rest:full:\"a\") -> same)"},
	{"map full:\"a\" -> path:\"b\"", "(map (ref full:\"a\") -> path:\"b\")"},
	{"map rest : f32[_, d] -> same", "(map (ref rest : f32[_ d]) -> same)"},
	{"map t:rest : f32[] where i == 1 -> same", "(map (ref t:rest : f32[] where (== i 1)) -> same)"},
	{"map rest[0] : f32[] -> same", "(map (ref rest [0] : f32[]) -> same)"},
	{"map \"a\"[1:2, :, ::-1, -1, a:, :b:c,] : f32[...,] where x -> same",
	 "(map (ref \"a\" [1:2 : ::(- 1) (- 1) a: :b:c] : f32[...] where x) -> same)"},
	{"map path:\"a\"[0] -> same", "(map (ref path:\"a\" [0]) -> same)"},
	{"map \"a\" : f32[h * 3, 2] -> same", "(map (ref \"a\" : f32[(* h 3) 2]) -> same)"},
	{"check equal(\"a\", teacher:\"b\" | cast(f32))", "(check (equal \"a\" (pipe (ref teacher:\"b\") (cast f32))))"},
	{"check f(\"a\", (\"a\"), \"a\"[0], \"a\" : f32[], \"a\" where x, rest, path:\"a\")",
	 "(check (f \"a\" \"a\" (ref \"a\" [0]) (ref \"a\" : f32[]) (ref \"a\" where x) (ref rest) (ref path:\"a\")))"},
	{"check close(\"x\", (\"a\", \"b\") | add, atol=1e-6)", "(check (close \"x\" (pipe (tuple (ref \"a\") (ref \"b\")) add) atol=1e-06))"},
	{"check f((\"a\" | g), (1), (\"a\" == \"b\"), (\"a\") == \"b\", (\"a\") | g)",
	 "(check (f (pipe (ref \"a\") g) 1 (== \"a\" \"b\") (== \"a\" \"b\") (pipe (ref \"a\") g)))"},
	{"check f(zeros : f32[2], template : _[], normal(seed=1) : f32[2])",
	 "(check (f (fill zeros : f32[2]) (fill template : _[]) (fill (normal seed=1) : f32[2])))"},
	/* fills, tuples, pipes */
	{"map zeros : f32[3] -> \"a\"", "(map (fill zeros : f32[3]) -> \"a\")"},
	{"map template : f32[3] -> \"a\"", "(map (fill template : f32[3]) -> \"a\")"},
	{"map const(1.5) : f32[] -> \"a\"", "(map (fill (const 1.5e+00) : f32[]) -> \"a\")"},
	{"map (\"a\") -> same", "(map (ref \"a\") -> same)"},
	{"map (\"a\",) -> same", "(map (tuple (ref \"a\")) -> same)"},
	{"map (\"a\", rest:\"b\", zeros : f32[1],) where i > 1 | concat(axis=0) -> \"c\"",
	 "(map (pipe (tuple (ref \"a\") (ref rest:\"b\") (fill zeros : f32[1]) where (> i 1)) (concat axis=0)) -> \"c\")"},
	{"map ((\"a\", \"b\") | add, \"c\" | neg) | mul -> \"d\"",
	 "(map (pipe (tuple (pipe (tuple (ref \"a\") (ref \"b\")) add) (pipe (ref \"c\") neg)) mul) -> \"d\")"},
	{"map (\"a\") where i == 1 -> same", "(map (ref \"a\" where (== i 1)) -> same)"},
	{"map (\"a\" where x) where y -> same", "(map (tuple (ref \"a\" where x) where y) -> same)"},
	{"map (\"a\" | neg) where y -> same", "(map (tuple (pipe (ref \"a\") neg) where y) -> same)"},
	{"map \"a\" where x | neg | transpose() -> same", "(map (pipe (pipe (ref \"a\" where x) neg) (transpose)) -> same)"},
	{"map \"a\" | f(new=1, after=2, rest=3, inf=4, template=template, as=e, 5) -> same",
	 "(map (pipe (ref \"a\") (f new=1 after=2 rest=3 inf=4 template=template as=e 5)) -> same)"},
	{"map \"a\" -> (\"b\", same : f32[_], path:\"c\",)", "(map (ref \"a\") -> (\"b\" same : f32[_] path:\"c\"))"},
	{"map \"a\" -> (\"b\")", "(map (ref \"a\") -> \"b\")"},
	{"map \"a\" -> (\"b\",)", "(map (ref \"a\") -> (\"b\"))"},
	/* values */
	{"check 1 + 2 * 3 - 4 / 5 % 6", "(check (- (+ 1 (* 2 3)) (% (/ 4 5) 6)))"},
	{"check a || b && c == d + 1", "(check (|| a (&& b (== c (+ d 1)))))"},
	{"check a && b || c", "(check (|| (&& a b) c))"},
	{"check -a * !b", "(check (* (- a) (! b)))"},
	{"check - - !a", "(check (- (- (! a))))"},
	{"check (1 - (2 - 3)) - 4", "(check (- (- 1 (- 2 3)) 4))"},
	{"check a != 1 && b <= 2 && c >= 3 && d > 4", "(check (&& (&& (&& (!= a 1) (<= b 2)) (>= c 3)) (> d 4)))"},
	{"check norm(\"x\") within (0.5, inf) && !y", "(check (&& (within (norm \"x\") 5e-01 inf) (! y)))"},
	{"check x within (-1, 1,)", "(check (within x (- 1) 1))"},
	{"check shape(\"x\") == [1, [], [\"a\", nan],]", "(check (== (shape \"x\") [1 [] [\"a\" nan]]))"},
	{"check within within (names, objects) + follow", "(check (+ (within within names objects) follow))"},
	{"check exists(teacher:\"a\")", "(check (exists (ref teacher:\"a\")))"},
	{"check [0, -1] == [a - 1, 0-1]", "(check (== [0 (- 1)] [(- a 1) (- 0 1)]))"},
};

Test(grammar_parser, every_form_has_its_tree)
{
	for (size_t i = 0; i < CK_COUNT(trees); i++) {
		struct ck_buf text = {0}, wanted = {0};
		struct ck_buf out;
		struct parsed parsed;

		ck_buf_printf(&text, "ckmig 1\n%s\n", trees[i].text);
		ck_buf_printf(&wanted, "(ckmig 1)\n%s\n", trees[i].tree);
		ck_buf_char(&wanted, '\0');
		parsed = parse_bytes(ck_buf_view(&text));
		out = shown(&parsed);
		cr_expect_str_eq(out.p, wanted.p, "%s\ngot:\n%s\nwanted:\n%s", trees[i].text, out.p, wanted.p);
		ck_buf_clear(&out);
		ck_buf_clear(&text);
		ck_buf_clear(&wanted);
		parsed_clear(&parsed);
	}
}

Test(grammar_parser, the_first_example)
{
	struct parsed parsed = parse_bytes(CK_STR(
		"ckmig 1\n"
		"\n"
		"migration \"fuse_qkv\"\n"
		"  after \"rename_layers\"\n"
		"  summary \"One qkv kernel a layer instead of three; vocabulary and pooler grow; NSP head gone.\"\n"
		"\n"
		"let heads = 12\n"
		"\n"
		"# alternations correspond by position: LayerNorm/gamma -> norm/scale, LayerNorm/beta -> norm/offset\n"
		"map \"bert/encoder/layer_{i:int}/output/LayerNorm/{gamma,beta}\" -> \"blocks/{i}/norm/{scale,offset}\"\n"
		"\n"
		"# many to one\n"
		"map (\"bert/encoder/layer_{i:int}/attention/self/query/kernel\",\n"
		"     \"bert/encoder/layer_{i:int}/attention/self/key/kernel\",\n"
		"     \"bert/encoder/layer_{i:int}/attention/self/value/kernel\")\n"
		"  | concat(axis=1)\n"
		"  | rearrange(\"d (three h k) -> three h d k\", three=3, h=heads)\n"
		"  -> \"blocks/{i}/attn/qkv\"\n"
		"\n"
		"map rest:\"bert/encoder/layer_{i:int}/**\" -> \"blocks/{i}/**\"\n"
		"\n"
		"map \"bert/embeddings/word_embeddings\" : f32[v, d]\n"
		"  | grow(axis=0, to=32000, with=mean)\n"
		"  -> \"embed/word\"\n"
		"map \"bert/embeddings/{position,token_type}_embeddings\" -> \"embed/{position,type}\"\n"
		"\n"
		"new \"pooler/gate\" : f32[768] = ones\n"
		"drop \"cls/**\" because \"the next-sentence head is retrained\"\n"
		"keep rest\n"
		"\n"
		"check finite(\"**\")\n"
		"check count(\"blocks/*/attn/qkv\") == 12\n"));
	struct ck_buf out = shown(&parsed);

	cr_assert_str_eq(out.p,
		"(ckmig 1)\n"
		"(migration \"fuse_qkv\" after \"rename_layers\" "
		"summary \"One qkv kernel a layer instead of three; vocabulary and pooler grow; NSP head gone.\")\n"
		"(let heads 12)\n"
		"(map (ref \"bert/encoder/layer_{i:int}/output/LayerNorm/{gamma,beta}\") -> \"blocks/{i}/norm/{scale,offset}\")\n"
		"(map (pipe (pipe (tuple (ref \"bert/encoder/layer_{i:int}/attention/self/query/kernel\") "
		"(ref \"bert/encoder/layer_{i:int}/attention/self/key/kernel\") "
		"(ref \"bert/encoder/layer_{i:int}/attention/self/value/kernel\")) (concat axis=1)) "
		"(rearrange \"d (three h k) -> three h d k\" three=3 h=heads)) -> \"blocks/{i}/attn/qkv\")\n"
		"(map (ref rest:\"bert/encoder/layer_{i:int}/**\") -> \"blocks/{i}/**\")\n"
		"(map (pipe (ref \"bert/embeddings/word_embeddings\" : f32[v d]) (grow axis=0 to=32000 with=mean)) -> \"embed/word\")\n"
		"(map (ref \"bert/embeddings/{position,token_type}_embeddings\") -> \"embed/{position,type}\")\n"
		"(new \"pooler/gate\" : f32[768] = ones)\n"
		"(drop (ref \"cls/**\") because \"the next-sentence head is retrained\")\n"
		"(keep (ref rest))\n"
		"(check (finite \"**\"))\n"
		"(check (== (count \"blocks/*/attn/qkv\") 12))\n", "%s", out.p);
	ck_buf_clear(&out);
	parsed_clear(&parsed);
}

static void expect_text(const struct parsed *parsed, struct ck_span span, const char *wanted)
{
	struct ck_str text = ck_diags_text(&parsed->diags, span);

	cr_expect(ck_str_equal(text, ck_str(wanted)), "got `%.*s`, wanted `%s`", CK_STR_ARG(text), wanted);
}

/* Spans: each node has its own text and no more. */
Test(grammar_parser, spans_are_the_text_of_nodes)
{
	struct parsed parsed = parse_bytes(CK_STR("ckmig 1 # \xc3\xa9\n"
		"drop optional t:\"a\\u{2A}{b}\" where ( i<2 ) because \"r\"  # end\n"
		"map ( \"a\" [ 1 : 2 ] : f32[ d , _ ] , zeros:i8[] ) where x\n | f( a = 1 , g ( 2 ) ) -> ( path : \"b\" , same :f32[] )\n"));
	const struct ck_ast_stmt *drop, *map;

	cr_assert(parsed.file && parsed.file->n_stmts == 2);
	drop = parsed.file->stmts[0];
	expect_text(&parsed, drop->span, "drop optional t:\"a\\u{2A}{b}\" where ( i<2 ) because \"r\"");
	expect_text(&parsed, drop->expr->span, "t:\"a\\u{2A}{b}\" where ( i<2 )");
	expect_text(&parsed, drop->expr->ref.span, "t:\"a\\u{2A}{b}\"");
	expect_text(&parsed, drop->expr->ref.input.span, "t");
	expect_text(&parsed, drop->expr->where->span, "( i<2 )");
	expect_text(&parsed, drop->expr->where->left->span, "i");
	expect_text(&parsed, drop->because.span, "\"r\"");
	cr_assert(ck_str_equal(drop->expr->ref.name.string.text, CK_STR("a*{b}")));
	expect_text(&parsed, ck_ast_string_span(&drop->expr->ref.name.string, 1, 2), "\\u{2A}");
	expect_text(&parsed, ck_ast_string_span(&drop->expr->ref.name.string, 2, 99), "{b}");
	expect_text(&parsed, ck_ast_string_span(&drop->because, 0, 1), "r");

	map = parsed.file->stmts[1];
	expect_text(&parsed, map->expr->span, "( \"a\" [ 1 : 2 ] : f32[ d , _ ] , zeros:i8[] ) where x\n | f( a = 1 , g ( 2 ) )");
	expect_text(&parsed, map->expr->call.span, "f( a = 1 , g ( 2 ) )");
	expect_text(&parsed, map->expr->call.name.span, "f");
	expect_text(&parsed, map->expr->call.args[0].span, "a = 1");
	expect_text(&parsed, map->expr->call.args[1].value->span, "g ( 2 )");
	expect_text(&parsed, map->expr->operand->members[0]->span, "\"a\" [ 1 : 2 ] : f32[ d , _ ]");
	expect_text(&parsed, map->expr->operand->members[0]->index_span, "[ 1 : 2 ]");
	expect_text(&parsed, map->expr->operand->members[0]->indexes[0].span, "1 : 2");
	expect_text(&parsed, map->expr->operand->members[0]->type->span, "f32[ d , _ ]");
	expect_text(&parsed, map->expr->operand->members[0]->type->dims[1].span, "_");
	expect_text(&parsed, map->expr->operand->members[1]->fill.span, "zeros");
	expect_text(&parsed, map->expr->operand->members[1]->span, "zeros:i8[]");
	expect_text(&parsed, map->goals[0].span, "path : \"b\"");
	expect_text(&parsed, map->goals[1].span, "same :f32[]");
	parsed_clear(&parsed);
}
