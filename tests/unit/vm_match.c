#include "vm/name.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <time.h>

#include "tests/unit/names.h"

/*
 * What a pattern makes of a name: "-" no match, "=" a match without captures, else the captures; "a / b" when there are two.
 * used: names of the locals that decide anything, NULL for all.
 */
static const char *match(struct ck_str pattern_text, struct ck_str name, const char *used_names)
{
	static char text[20000];
	struct ck_binding bindings[2][16] = { 0 };
	struct ck_matcher *matcher = NULL;
	struct ck_buf buf = { 0 };
	struct statement statement;
	bool used[16];

	cr_assert(statement_init(&statement));
	Ck__Plan__Pattern *pattern = statement_pattern(&statement, pattern_text);
	cr_assert(pattern, "%.*s: %s", CK_STR_ARG(pattern_text), statement_error(&statement));
	cr_assert_leq(statement.locals.n_items, 16);
	for (size_t i = 0; i < statement.locals.n_items; i++) {
		struct ck_str local = ck_str_of(statement.locals.items[i]->name);

		used[i] = !used_names || strstr(used_names, ck_str_copy(statement.arena, local).p);
	}
	cr_assert_eq(ck_matcher_new(statement.arena, pattern, statement.locals.items, statement.locals.n_items, used, &matcher), CK_OK);
	/* Twice: nothing of the first time may stay. */
	for (int i = 0; i < 2; i++) {
		struct ck_binding again[2][16] = { 0 };
		enum ck_match first = ck_matcher_name(matcher, name, bindings[0], bindings[1]);

		(void)ck_matcher_name(matcher, CK_STR("a/b/c/d_1/e"), again[0], again[1]);
		ck_buf_clear(&buf);
		statement_bindings(&statement, bindings[0], &buf);
		if (first == CK_MATCH_AMBIGUOUS) {
			ck_buf_str(&buf, CK_STR(" / "));
			statement_bindings(&statement, bindings[1], &buf);
		}
		snprintf(text, sizeof(text), "%.*s", (int)buf.n, buf.p ? buf.p : "");
		if (first == CK_MATCH_NO)
			cr_assert_eq(buf.n, 0, "no match sets nothing");
		if (!buf.n)
			snprintf(text, sizeof(text), "%s", first == CK_MATCH_NO ? "-" : "=");
		memset(bindings, 0, sizeof(bindings));
	}
	ck_buf_clear(&buf);
	statement_clear(&statement);
	return text;
}

struct row {
	const char *pattern, *name, *captures;
};

static void check_rows(const struct row *rows, size_t n, const char *used)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = match(ck_str(rows[i].pattern), ck_str(rows[i].name), used);

		cr_expect_str_eq(got, rows[i].captures, "\"%s\" on %s: %s, not %s", rows[i].pattern, rows[i].name, got, rows[i].captures);
	}
}

Test(vm_match, wildcards)
{
	static const struct row rows[] = {
		/* whole names */
		{"a", "a", "="}, {"a", "ab", "-"}, {"a", "ba", "-"}, {"a", "a/b", "-"}, {"a", "", "-"},
		{"encoder.**", "encoder.encoder.x", "*1=encoder.x"}, {"encoder.x", "encoder.encoder.x", "-"},
		/* ?: one character other than / */
		{"?", "a", "*1=a"}, {"?", "", "-"}, {"?", "/", "-"}, {"?", "ab", "-"}, {"??", "ab", "*1=a *2=b"},
		/* *: any number of them, none included */
		{"*", "abc", "*1=abc"}, {"*", "a/b", "-"}, {"a*", "a", "*1="}, {"a*b", "ab", "*1="}, {"a/*", "a/", "*1="},
		{"a/*", "a", "-"}, {"*/b", "/b", "*1="}, {"a/*/b", "a/b", "-"}, {"a/*/b", "a//b", "*1="}, {"*.x", "a.b.x", "*1=a.b"},
		/* digits are no words */
		{"layer_1", "layer_10", "-"}, {"layer_1*", "layer_10", "*1=0"}, {"layer_?/w", "layer_10/w", "-"},
		/* names with spaces, slashes in a row, UTF-8, @ */
		{"a b", "a b", "="}, {"* *", "a b", "*1=a *2=b"}, {"a//b", "a//b", "="}, {"a/*/*/b", "a///b", "*1= *2="},
		{"?", "\xc3\xa9", "*1=\xc3\xa9"}, {"?", "\xe6\x9c\xac", "*1=\xe6\x9c\xac"}, {"??", "\xe6\x9c\xac", "-"},
		{"?", "\xf0\x9f\x98\x80", "*1=\xf0\x9f\x98\x80"}, {"?", "\xff", "*1=\xff"}, {"??", "\xc3\xc3", "*1=\xc3 *2=\xc3"},
		{"\xc3\xa9*", "\xc3\xa9t\xc3\xa9", "*1=t\xc3\xa9"}, {"a[@]b", "a@b", "="}, {"*", "a@b", "*1=a@b"},
		/* what must be escaped, and what need not */
		{"[*]", "*", "="}, {"[*]", "a", "-"}, {"[?][[][{][}][@]", "?[{}@", "="}, {"a]b,c:d", "a]b,c:d", "="}, {"[]]", "]", "="},
		{"a[.]b", "a.b", "="}, {"a[.]b", "axb", "-"}, {"[\xc3\xa9]", "\xc3\xa9", "="}, {"[aa]", "a", "="}, {"[!]", "!", "="}, {"[-]", "-", "="},
	};

	check_rows(rows, CK_COUNT(rows), NULL);
}

Test(vm_match, double_star_and_slashes)
{
	static const struct row rows[] = {
		{"**", "a", "*1=a"}, {"**", "a/b/c", "*1=a/b/c"}, {"**", "/", "*1=/"},
		/* none only together with a slash */
		{"a/**/b", "a/b", "*1="}, {"a/**/b", "a/x/b", "*1=x"}, {"a/**/b", "a/x/y/b", "*1=x/y"}, {"a/**/b", "a//b", "-"},
		{"a/**/b", "ab", "-"}, {"a/**/b", "a///b", "*1=/"},
		{"**/b", "b", "*1="}, {"**/b", "a/b", "*1=a"}, {"**/b", "x/y/b", "*1=x/y"}, {"**/b", "/b", "-"}, {"**/b", "ab", "-"},
		{"**/b", "//b", "*1=/"},
		{"a/**", "a", "-"}, {"a/**", "a/", "-"}, {"a/**", "a/b", "*1=b"}, {"a/**", "a/b/c", "*1=b/c"}, {"a/**", "a//", "*1=/"},
		/* not beside a slash it may be empty by itself */
		{"a**", "a", "*1="}, {"a**b", "ab", "*1="}, {"a**b", "a/b", "*1=/"}, {"**b", "b", "*1="}, {"a**", "a/b", "*1=/b"},
		/* beside one slash only, but not at the end, it takes that one */
		{"a/**b", "ab", "*1="}, {"a/**b", "a/xb", "*1=x"}, {"a/**b", "a/b", "-"}, {"a**/b", "ab", "*1="}, {"a**/b", "a/b", "-"},
		{"a**/b", "ax/b", "*1=x"},
		/* two of them */
		{"a/**/b/**", "a/b/c", "*1= *2=c"}, {"a/**/b/**/c", "a/b/c", "*1= *2="}, {"**/a/**", "a/b", "*1= *2=b"}, {"**/a/**", "a", "-"},
		{"a/**/**/b", "a/b", "*1= *2="},
		/* a captured one has the same slashes */
		{"{x:**}/b", "b", "x="}, {"{x:**}/b", "a/b", "x=a"}, {"a/{x:**}/b", "a/b", "x="}, {"a/{x:**}", "a", "-"}, {"a/{x:**}", "a/b", "x=b"},
		{"{x:a/**}/b", "a/b", "x=a"}, {"{x:a/**}/b", "a/c/b", "x=a/c"}, {"{x:**/a}", "a", "x=a"}, {"{x:**/a}", "b/a", "x=b/a"},
		{"{c,**}/b", "b", "{1}=#1"}, {"{c,**}/b", "d/e/b", "{1}=d/e#1"}, {"a/{**,c}", "a/x", "{1}=x#0"}, {"a/{**,c}", "a/", "-"},
		{"**{/a,b}", "b", "*1= {1}=b#1"}, {"**{/a,b}", "a", "*1= {1}=a#0"}, {"**{/a,b}", "/a", "-"},
	};

	check_rows(rows, CK_COUNT(rows), NULL);
}

/* In ASCII `**` takes 64 places at once, elsewhere one: with a byte that is a character of its own in place of an x all is the same. */
Test(vm_match, double_star_in_long_names)
{
	static const char *const patterns[] = { "a/**/z", "**b/**", "a**", "{x:**}/z", "a/{x:**}{y:b*}/z", "**/{y:b*,**c}/z", "{x:**}/{y:**}/z",
						"**/b[!c]c/**", "{,**/}a/**{b,c}**", "a/**/{x}/z" };

	for (size_t n = 0; n < 200; n++)
		for (size_t i = 0; i < CK_COUNT(patterns); i++) {
			char name[256], want[2000];
			size_t n_name = (size_t)snprintf(name, sizeof(name), "a/");

			for (size_t j = 0; j < n; j++)
				name[n_name++] = j % 29 == 28 ? '/' : "bcx"[(j * j + n) % 3];
			memcpy(name + n_name, "x/z", 3);
			n_name += 3;
			snprintf(want, sizeof(want), "%s", match(ck_str(patterns[i]), (struct ck_str){ name, n_name }, NULL));
			for (size_t j = 0; j < n_name; j++)
				name[j] = name[j] == 'x' ? '\xff' : name[j];
			for (size_t j = 0; want[j]; j++)
				want[j] = want[j] == 'x' && want[j + 1] != '=' ? '\xff' : want[j];
			cr_assert_str_eq(match(ck_str(patterns[i]), (struct ck_str){ name, n_name }, NULL), want, "\"%s\" on %.*s", patterns[i],
					 (int)n_name, name);
		}
}

Test(vm_match, classes)
{
	static const struct row rows[] = {
		{"[a-z_]", "q", "*1=q"}, {"[a-z_]", "_", "*1=_"}, {"[a-z_]", "A", "-"}, {"[a-z_]", "", "-"}, {"[!0-9]", "a", "*1=a"},
		{"[!0-9]", "5", "-"}, {"[!0-9]", "/", "-"}, {"[!a]", "!", "*1=!"}, {"a[!b]c", "a/c", "-"}, {"a[/x]c", "a/c", "*1=/"},
		{"[-a]", "-", "*1=-"}, {"[a-]", "-", "*1=-"}, {"[a-]", "b", "-"}, {"[a!]", "!", "*1=!"}, {"[*?]", "?", "*1=?"}, {"[{,}]", ",", "*1=,"},
		{"[\xce\xb1-\xcf\x89]", "\xce\xb2", "*1=\xce\xb2"}, {"[\xce\xb1-\xcf\x89]", "b", "-"}, {"[!a]", "\xe6\x9c\xac", "*1=\xe6\x9c\xac"},
		{"[!a]", "\xff", "*1=\xff"}, {"[a-z]", "\xff", "-"}, {"[a-z][0-9]", "x7", "*1=x *2=7"},
	};

	check_rows(rows, CK_COUNT(rows), NULL);
}

Test(vm_match, alternations)
{
	static const struct row rows[] = {
		{"LN/{gamma,beta}", "LN/gamma", "{1}=gamma#0"}, {"LN/{gamma,beta}", "LN/beta", "{1}=beta#1"}, {"LN/{gamma,beta}", "LN/betas", "-"},
		{"dense{,_1}", "dense", "{1}=#0"}, {"dense{,_1}", "dense_1", "{1}=_1#1"}, {"dense{,_1}/w", "dense/w", "{1}=#0"},
		{"{a*,b?}c", "axxc", "{1}=axx#0"}, {"{a*,b?}c", "bxc", "{1}=bx#1"}, {"{a*,b?}c", "b/c", "-"}, {"{**/x,y}", "a/b/x", "{1}=a/b/x#0"},
		{"{a,{b,c}d}e", "bde", "{1}=bd#1"}, {"{a,{b,c}d}e", "cde", "{1}=cd#1"}, {"{a,{b,c}d}e", "be", "-"},
		{"{a,b}/{c,d}", "b/c", "{1}=b#1 {2}=c#0"}, {"{a b,c}", "a b", "{1}=a b#0"}, {"{a[,]b,c}", "a,b", "{1}=a,b#0"},
		{"{a[:]b,c}", "a:b", "{1}=a:b#0"}, {"{[}],x}", "}", "{1}=}#0"}, {"{,,a}b", "ab", "{1}=a#2"},
		{"{p:q,k,v}/w", "k/w", "p=k#1"}, {"{p:q,k,v}/w", "x/w", "-"}, {"{p:int,float}", "int", "p=int#0"}, {"{p:,x}a", "a", "p=#0"},
		{"{_:a,b}", "_:a", "{1}=_:a#0"}, {"{1,2}", "2", "{1}=2#1"}, {"{p:a*,b}", "axy", "p=axy#0"},
	};

	check_rows(rows, CK_COUNT(rows), NULL);
}

Test(vm_match, captures)
{
	static const struct row rows[] = {
		{"{i}", "abc", "i=abc"}, {"{i}", "", "-"}, {"{i}/w", "/w", "-"}, {"a{i}", "a", "-"}, {"{i}", "a/b", "-"}, {"{a}/{b}", "x/y", "a=x b=y"},
		{"l_{i:int}", "l_0", "i=0"}, {"l_{i:int}", "l_007", "i=007"}, {"l_{i:int}", "l_", "-"}, {"l_{i:int}", "l_1a", "-"}, {"l_{i:int}", "l_-1", "-"},
		{"l_{i:int}", "l_\xd9\xa1", "-"}, {"l_{i:int}", "l_123456789012345678901234567890", "i=123456789012345678901234567890"},
		{"dense{i:uniq}/k", "dense/k", "i="}, {"dense{i:uniq}/k", "dense_1/k", "i=_1"}, {"dense{i:uniq}/k", "dense_12/k", "i=_12"},
		{"dense{i:uniq}/k", "dense_0/k", "-"}, {"dense{i:uniq}/k", "dense_01/k", "-"}, {"dense{i:uniq}/k", "dense_/k", "-"},
		{"dense{i:uniq}/k", "dense_1_2/k", "-"}, {"dense{i:uniq}/k", "densex/k", "-"},
		{"{x:[a-z]*}/w", "ab3/w", "x=ab3"}, {"{x:[a-z]*}/w", "3/w", "-"}, {"{x:*_?}", "a_b", "x=a_b"}, {"{x:{a,b}c}", "bc", "x=bc"},
		{"{x:a*,b}", "b", "x=b#1"}, {"{_a}", "x", "_a=x"}, {"{i}{j:int}", "a1", "i=a j=1"},
		/* the same name twice */
		{"{i}/x/{i}", "a/x/a", "i=a"}, {"{i}/x/{i}", "a/x/b", "-"}, {"{i:int}/{i}", "7/07", "i=7"}, {"{i}/{i:int}", "a/a", "-"},
		{"{i:int}/{i:int}", "7/8", "-"}, {"{i:uniq}a{i:uniq}", "_2a_2", "i=_2"}, {"{i:uniq}a{i:uniq}", "_2a", "-"},
		{"{p:q,k}/{p:Q,K}", "k/K", "p=k#1"}, {"{p:q,k}/{p:Q,K}", "k/Q", "-"}, {"{x:**}/y/{x:**}", "a/b/y/a/b", "x=a/b"},
		{"{x:**}/y/{x:**}", "a/b/y/b", "-"}, {"{i}_{i}", "a_a_a_a", "i=a_a"}, {"{i}_{i}", "a_a_a", "-"}, {"{i}_{i}", "a_b_a_b", "i=a_b"},
	};

	check_rows(rows, CK_COUNT(rows), NULL);
}

Test(vm_match, two_ways_to_split)
{
	static const struct row rows[] = {
		{"{a}_{b}", "x_y_z", "a=x b=y_z / a=x_y b=z"}, {"{a}_{b}", "x_y", "a=x b=y"}, {"{a}/{b}", "x_y/z_w", "a=x_y b=z_w"},
		{"*_*", "x_y_z", "*1=x *2=y_z / *1=x_y *2=z"}, {"**/**", "a/b/c", "*1=a *2=b/c / *1=a/b *2=c"},
		{"{i:int}{j:int}", "123", "i=1 j=23 / i=12 j=3"}, {"{x}{i:uniq}", "a_1", "x=a i=_1 / x=a_1 i="},
		{"{ab,a*}", "ab", "{1}=ab#0 / {1}=ab#1"}, {"{a,a}", "a", "{1}=a#0 / {1}=a#1"}, {"a/**/**/b", "a/x/b", "*1=x *2= / *1= *2=x"},
		{"{i}{i}*", "aaaa", "i=a *1=aa / i=aa *1="}, {"{p:a*,b}*", "ax", "p=a#0 *1=x / p=ax#0 *1="},
	};
	static const struct row unused[] = {
		/* what nothing uses does not count: only `b` and `{1}` are used here */
		{"{a}_{c}", "x_y_z", "a=x c=y_z"}, {"{a}*{b:int}", "x12y34", "a=x *1=12y b=34 / a=x *1=12y3 b=4"}, {"*{b:[x]?}*", "axyb", "*1=a b=xy *2=b"},
		{"{c,c}/{a}", "c/x", "{1}=c#0 a=x / {1}=c#1 a=x"}, {"{ab,a*}/{b}", "ab/x", "{1}=ab#0 b=x / {1}=ab#1 b=x"},
	};

	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		const char *got = match(ck_str(rows[i].pattern), ck_str(rows[i].name), NULL);

		/* Which of the two comes first is no promise, and of many any two will do. */
		cr_expect_eq(strstr(got, " / ") != NULL, strstr(rows[i].captures, " / ") != NULL, "\"%s\" on %s: %s, not %s", rows[i].pattern,
			     rows[i].name, got, rows[i].captures);
	}
	for (size_t i = 0; i < CK_COUNT(unused); i++) {
		const char *got = match(ck_str(unused[i].pattern), ck_str(unused[i].name), "b {1}");

		cr_expect_eq(strstr(got, " / ") != NULL, strstr(unused[i].captures, " / ") != NULL, "\"%s\" on %s: %s, not %s",
			     unused[i].pattern, unused[i].name, got, unused[i].captures);
	}
}

Test(vm_match, both_splits_are_right)
{
	cr_expect_str_eq(match(CK_STR("{a}_{b}"), CK_STR("x_y_z"), NULL), "a=x b=y_z / a=x_y b=z");
	cr_expect_str_eq(match(CK_STR("{c,{ab,a*}}"), CK_STR("ab"), NULL), "{1}=ab#1", "alternatives inside one alternative are one position");
}

Test(vm_match, all_splits)
{
	enum { MAX = 8 };
	static const struct {
		const char *pattern, *name;
		size_t n;
		const char *used;	/* NULL: all */
	} rows[] = {
		{"{a}_{b}", "x_y_z", 2, NULL}, {"{a}_{b}", "x_y", 1, NULL}, {"{a}_{b}", "x", 0, NULL}, {"{a}_{b}_{c}", "v_w_x_y_z", 6, NULL},
		{"{a}_{b}_{c}", "v_w_x_y_z", 3, "a"}, {"{a}_{b}", "1_2_3_4_5_6_7_8_9_10_11", MAX, NULL}, {"**", "x/y", 1, NULL}, {"**/**", "x/b", 2, NULL},
		/* an unnamed alternation is its position, whatever text it matched */
		{"{a*,?}{x:int}", "aa01", 2, NULL}, {"{ab,a*}", "ab", 2, NULL}, {"{c,{ab,a*}}", "ab", 1, NULL}, {"{p:a*,b}*", "ax", 2, NULL},
		{"{i:int}{j:int}/{i}", "111/1", 1, NULL}, {"{i}{i}*", "aaaa", 2, NULL}, {"{a}_{a}_{b}", "x_x_x_x", 1, NULL},
	};

	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		struct ck_binding bindings[MAX][8] = { 0 };
		struct ck_binding *splits[MAX];
		struct ck_matcher *matcher;
		struct statement statement;
		bool used[8];
		size_t n;

		cr_assert(statement_init(&statement));
		Ck__Plan__Pattern *pattern = statement_pattern(&statement, ck_str(rows[i].pattern));
		cr_assert(pattern && statement.locals.n_items <= 8, "%s", rows[i].pattern);
		for (size_t j = 0; j < statement.locals.n_items; j++)
			used[j] = !rows[i].used || strchr(rows[i].used, statement.locals.items[j]->name.data[0]);
		for (size_t j = 0; j < MAX; j++)
			splits[j] = bindings[j];
		cr_assert_eq(ck_matcher_new(statement.arena, pattern, statement.locals.items, statement.locals.n_items, used, &matcher), CK_OK);
		n = ck_matcher_splits(matcher, ck_str(rows[i].name), splits, MAX);
		cr_expect_eq(n, rows[i].n, "\"%s\" on %s: %zu, not %zu", rows[i].pattern, rows[i].name, n, rows[i].n);
		for (size_t j = 0; j < n; j++)
			cr_expect(bindings[j][0].set);
		statement_clear(&statement);
	}
}

Test(vm_match, slots)
{
	struct ck_binding bindings[4] = { 0 }, second[4] = { 0 };
	bool used[4] = { true, true, true, true };
	struct ck_matcher *matcher;
	struct statement statement;

	cr_assert(statement_init(&statement));
	Ck__Plan__Pattern *pattern = statement_pattern(&statement, CK_STR("{x}/w@{o}/{s:m,v}"));
	cr_assert(pattern && pattern->has_slot);
	cr_assert_eq(ck_matcher_new(statement.arena, pattern, statement.locals.items, statement.locals.n_items, used, &matcher), CK_OK);
	cr_assert_eq(ck_matcher_name(matcher, CK_STR("a/w"), bindings, second), CK_MATCH_YES);
	cr_assert_eq(ck_matcher_slot(matcher, CK_STR("opt/v"), bindings, second), CK_MATCH_YES);
	cr_expect(ck_str_equal(bindings[0].text, CK_STR("a")) && ck_str_equal(bindings[1].text, CK_STR("opt")) && bindings[2].alternative == 1);
	cr_expect_eq(ck_matcher_slot(matcher, CK_STR("m"), bindings, second), CK_MATCH_NO);
	pattern = statement_pattern(&statement, CK_STR("{x}/w@{x}"));
	cr_assert_eq(ck_matcher_new(statement.arena, pattern, statement.locals.items, statement.locals.n_items, used, &matcher), CK_OK);
	cr_assert_eq(ck_matcher_name(matcher, CK_STR("m/w"), bindings, second), CK_MATCH_YES);
	cr_expect_eq(ck_matcher_slot(matcher, CK_STR("v"), bindings, second), CK_MATCH_NO, "x is m");
	cr_expect_eq(ck_matcher_slot(matcher, CK_STR("m"), bindings, second), CK_MATCH_YES);
	statement_clear(&statement);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* As tests/run says where everything is slow. */
static double allowed(double limit)
{
	const char *slowdown = getenv("SLOWDOWN");

	return slowdown ? limit * atof(slowdown) : limit;
}

Test(vm_match, hostile_names_take_polynomial_time)
{
	static const char *const patterns[] = { "{a:**}{b:**}{c:**}{d:**}{e:**}x", "*a*a*a*a*a*a*a*a*x", "{*,**}{*,**}{*,**}{*,**}{*,**}{*,**}x",
						"{a}{a}{b}{b}x", "{,a}{,a}{,a}{,a}{,a}{,a}{,a}{,a}**x", "{x:**}/{x:**}x" };
	struct ck_buf name = { 0 };
	double start;

	ck_buf_fill(&name, 'a', 4096);
	for (size_t i = 0; i < CK_COUNT(patterns); i++) {
		start = seconds();
		cr_expect_str_eq(match(ck_str(patterns[i]), ck_buf_view(&name), NULL), "-", "%s", patterns[i]);
		cr_expect_lt(seconds() - start, allowed(10), "%s takes %g s", patterns[i], seconds() - start);
	}
	name.n = 300;
	ck_buf_char(&name, 'x');
	for (size_t i = 0; i < CK_COUNT(patterns); i++) {
		start = seconds();
		cr_expect_str_neq(match(ck_str(patterns[i]), ck_buf_view(&name), NULL), i == 5 ? "" : "-", "%s", patterns[i]);
		cr_expect_lt(seconds() - start, allowed(10), "%s takes %g s", patterns[i], seconds() - start);
	}
	ck_buf_clear(&name);
}

Test(vm_match, many_names_are_fast_and_need_no_memory)
{
	enum { N = 100000 };
	bool used[4] = { true, true, true, true };
	struct ck_binding bindings[4], second[4];
	struct ck_matcher *matcher;
	struct statement statement;
	size_t n_matches = 0, n_bytes;
	double start;

	cr_assert(statement_init(&statement));
	Ck__Plan__Pattern *pattern = statement_pattern(&statement, CK_STR("bert/encoder/layer_{i:int}/attention/**/{kernel,bias}"));
	cr_assert_eq(ck_matcher_new(statement.arena, pattern, statement.locals.items, statement.locals.n_items, used, &matcher), CK_OK);
	(void)ck_matcher_name(matcher, CK_STR("bert/encoder/layer_11111111/attention/self/query/dense_000000000000000/kernel"), bindings, second);
	n_bytes = ck_arena_used(statement.arena);
	start = seconds();
	for (int i = 0; i < N; i++) {
		char name[200];
		int n = snprintf(name, sizeof(name), "bert/encoder/layer_%d/attention/self/%s/kernel", i, i % 2 ? "query" : "key");

		n_matches += ck_matcher_name(matcher, (struct ck_str){ name, (size_t)n }, bindings, second) == CK_MATCH_YES;
	}
	cr_expect_eq(n_matches, N);
	cr_expect_lt(seconds() - start, allowed(5), "%d names take %g s", N, seconds() - start);
	cr_expect_eq(ck_arena_used(statement.arena), n_bytes, "matching a name keeps nothing");
	statement_clear(&statement);
}

Test(vm_match, literals_and_prefixes)
{
	static const struct {
		const char *pattern, *literal, *prefix;
	} rows[] = {
		{"a/b", "a/b", "a/b"}, {"a[*]b", "a*b", "a*b"}, {"a/*", NULL, "a/"}, {"a/**", NULL, "a/"}, {"a/**/b", NULL, "a/"}, {"a/**b", NULL, "a"},
		{"*", NULL, ""}, {"a{b,c}", NULL, "a"}, {"a/{x:**}", NULL, "a/"}, {"a/{**,b}c", NULL, "a"}, {"a/{i:int}/b", NULL, "a/"}, {"x@m", "x", "x"},
	};

	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		struct statement statement;

		cr_assert(statement_init(&statement));
		Ck__Plan__Pattern *pattern = statement_pattern(&statement, ck_str(rows[i].pattern));
		cr_assert(pattern, "%s", rows[i].pattern);
		struct ck_str literal = ck_pattern_literal(pattern, statement.arena), prefix = ck_pattern_prefix(pattern, statement.arena);

		cr_expect(rows[i].literal ? ck_str_equal(literal, ck_str(rows[i].literal)) : !literal.p, "literal of %s", rows[i].pattern);
		cr_expect(ck_str_equal(prefix, ck_str(rows[i].prefix)), "prefix of %s: %.*s", rows[i].pattern, CK_STR_ARG(prefix));
		statement_clear(&statement);
	}
}

Test(vm_match, bindings_compare)
{
	static const struct {
		enum ck_local_kind kind;
		const char *a, *b;
		int order;
	} rows[] = {
		{CK_LOCAL_INT, "7", "07", 0}, {CK_LOCAL_INT, "9", "10", -1}, {CK_LOCAL_INT, "000", "0", 0}, {CK_LOCAL_INT, "10", "9", 1},
		{CK_LOCAL_INT, "99999999999999999999", "100000000000000000000", -1}, {CK_LOCAL_UNIQ, "", "_1", -1}, {CK_LOCAL_UNIQ, "_2", "_10", -1},
		{CK_LOCAL_TEXT, "10", "9", -1}, {CK_LOCAL_TEXT, "7", "07", 1}, {CK_LOCAL_STAR, "a", "a", 0},
	};

	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		Ck__Plan__Local local = CK__PLAN__LOCAL__INIT;
		struct ck_binding a = { .set = true, .text = ck_str(rows[i].a) }, b = { .set = true, .text = ck_str(rows[i].b) };

		local.kind = rows[i].kind;
		int order = ck_binding_compare(&local, &a, &b), back = ck_binding_compare(&local, &b, &a);
		cr_expect_eq((order > 0) - (order < 0), rows[i].order, "%s and %s", rows[i].a, rows[i].b);
		cr_expect_eq((back > 0) - (back < 0), -rows[i].order, "%s and %s", rows[i].b, rows[i].a);
		cr_expect_eq(ck_binding_equal(&local, &a, &b), rows[i].order == 0);
	}
}
