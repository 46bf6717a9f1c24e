#include "bundle/table.h"

#include "tests/unit/bundle_test.h"

TestSuite(bundle_table, .init = set_up, .fini = tear_down);

struct table {
	struct ck_pair *pairs;
	size_t n;
};

static struct table read_table(const char *path)
{
	struct table table = {0};
	enum ck_code code = ck_table_read(read_whole(path), ck_str(path), arena, arena, &diags, &table.pairs, &table.n);
	cr_assert_eq(code, CK_OK, "%s: %s", path, diags_text());
	return table;
}

static void expect_same(struct table a, struct table b, const char *what)
{
	cr_assert_eq(a.n, b.n, "%s", what);
	for (size_t i = 0; i < a.n; i++) {
		cr_assert(ck_str_equal(a.pairs[i].key, b.pairs[i].key), "%s: key %zu", what, i);
		cr_assert(ck_str_equal(a.pairs[i].value, b.pairs[i].value), "%s: value %zu", what, i);
	}
}

Test(bundle_table, forms_that_hold_the_same)
{
	static const char *const names[] = {
		"written_by_tensorflow", "snappy", "snappy_blocks", "tiny_blocks", "restart_every_key", "restart_once", "metaindex",
	};
	struct table plain = read_table("tests/data/writer_variants/plain.index");
	cr_assert_eq(plain.n, 26);
	for (size_t i = 0; i < CK_COUNT(names); i++)
		expect_same(plain, read_table(ck_str_format(arena, "tests/data/writer_variants/%s.index", names[i]).p), names[i]);
}

/* What TensorFlow wrote comes out byte for byte, whatever its size. */
Test(bundle_table, writes_what_it_read)
{
	static const char *const paths[] = {
		"writer_variants/plain", "many/model", "tf1_saver/model.ckpt-200", "tf1_bert_tiny/bert_model.ckpt", "names/names",
		"slices/slices", "tf1_partitioned/model.ckpt", "dtypes/dtypes", "empty/header_only", "savedmodel/variables/variables",
	};
	for (size_t i = 0; i < CK_COUNT(paths); i++) {
		const char *path = ck_str_format(arena, "tests/data/%s.index", paths[i]).p;
		struct table table = read_table(path);
		struct ck_buf out = {0};
		ck_table_write(table.pairs, table.n, &out);
		cr_assert(!out.failed);
		cr_expect(ck_str_equal(ck_buf_view(&out), read_whole(path)), "%s", path);
		ck_buf_clear(&out);
	}
}

/* Keys at the edges of separators, and more blocks than one. */
Test(bundle_table, reads_what_it_wrote)
{
	enum { N = 20000 };
	struct ck_pair *pairs = ck_arena_array(arena, N + 2, sizeof(*pairs));
	struct ck_buf out = {0};
	pairs[0] = (struct ck_pair){CK_STR(""), CK_STR("header")};
	for (size_t i = 0; i < N; i++)
		pairs[i + 1] = (struct ck_pair){ck_str_format(arena, "k%c%05zu", i < N / 2 ? 0x01 : 0xfe, i),
						ck_str_format(arena, "%0*zu", (int)(i % 60), i)};
	pairs[N + 1] = (struct ck_pair){CK_STR("\xff\xff"), CK_STR("")};
	ck_table_write(pairs, N + 2, &out);
	cr_assert(!out.failed && out.n > (size_t)2 * 262144);
	struct table table = {0};
	enum ck_code code = ck_table_read(ck_buf_view(&out), CK_STR("made"), arena, arena, &diags, &table.pairs, &table.n);
	cr_assert_eq(code, CK_OK, "%s", diags_text());
	expect_same((struct table){pairs, N + 2}, table, "made");
	ck_buf_clear(&out);
}

/* Each byte of a file damaged in turn: an error or, in the padding of the footer, the same pairs; never anything else. */
Test(bundle_table, every_damaged_byte_shows)
{
	struct ck_str whole = read_whole("tests/data/corrupt/good/x.index");
	char *bytes = ck_arena_alloc(arena, whole.n);
	struct table good = read_table("tests/data/corrupt/good/x.index");
	for (size_t i = 0; i < whole.n; i++) {
		struct table table = {0};
		memcpy(bytes, whole.p, whole.n);
		bytes[i] = (char)(bytes[i] ^ 0x15);
		enum ck_code code = ck_table_read((struct ck_str){bytes, whole.n}, CK_STR("x"), arena, arena, &diags, &table.pairs, &table.n);
		if (i + CK_TABLE_FOOTER < whole.n || i + 8 >= whole.n)
			cr_assert_eq(code, CK_BAD_INDEX, "byte %zu", i);
		else if (code == CK_OK)
			expect_same(good, table, "footer");
		diags_text();
	}
	for (size_t n = 0; n < whole.n; n++) {
		struct table table = {0};
		cr_assert_eq(ck_table_read(ck_str_slice(whole, 0, n), CK_STR("x"), arena, arena, &diags, &table.pairs, &table.n), CK_BAD_INDEX);
		diags_text();
	}
}
