#include <criterion/criterion.h>
#include <string.h>

#include "bundle/base/diag.h"

Test(base_suggest, table)
{
	static const struct {
		const char *word, *candidates[5], *help;
	} rows[] = {
		{"bert/embedings", {"bert/embeddings", "bert/pooler"}, "did you mean \"bert/embeddings\"?"},
		{"kernle", {"kernel", "bias"}, "did you mean \"kernel\"?"},
		{"transpsoe", {"transpose", "reshape"}, "did you mean \"transpose\"?"},
		{"KERNEL", {"kernel"}, "did you mean \"kernel\"?"},
		{"ab", {"ac", "bc", "xyz"}, "did you mean \"ac\"?"},
		{"a", {"b"}, "did you mean \"b\"?"},
		{"layer_12", {"layer_2", "layer_11", "layer_10", "layer_1", "pooler"},
		 "did you mean \"layer_1\", \"layer_10\" or \"layer_11\"?"},
		{"bert/encoder/kernel", {"encoder/kernel", "model/bert/encoder/kernel", "bert/encoder/x/y/kernel"},
		 "did you mean \"encoder/kernel\" or \"model/bert/encoder/kernel\"?"},
		/* Each segment has to be near, not only the sum. */
		{"encoder/layer/a", {"encoder/layer/xyz"}, NULL},
		{"completely", {"different", "words"}, NULL},
		{"same", {"same"}, NULL},
		{"", {"a"}, NULL},
		{"a\nb", {"a\nbc"}, "did you mean \"a\\nbc\"?"},
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		struct ck_diags diags;
		cr_assert(ck_diags_init(&diags));
		struct ck_diag *diag = ck_error(&diags, CK_NO_VARIABLE, (struct ck_span){0}, "no");
		struct ck_suggest suggest;
		ck_suggest_init(&suggest, ck_str(rows[i].word));
		for (size_t j = 0; j < CK_COUNT(rows[i].candidates) && rows[i].candidates[j]; j++) {
			ck_suggest_offer(&suggest, ck_str(rows[i].candidates[j]));
			ck_suggest_offer(&suggest, ck_str(rows[i].candidates[j]));
		}
		ck_suggest_help(&suggest, &diags, diag, "\"");
		cr_assert_eq(diag->n_helps, rows[i].help ? 1 : 0, "%s: %zu helps", rows[i].word, diag->n_helps);
		cr_assert(!rows[i].help || ck_str_equal(diag->helps[0], ck_str(rows[i].help)), "%s: %.*s", rows[i].word,
			  diag->n_helps ? (int)diag->helps[0].n : 0, diag->n_helps ? diag->helps[0].p : "");
		ck_diags_clear(&diags);
	}
}

Test(base_suggest, long_names_are_no_trouble)
{
	static char a[100000], b[100000];
	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	struct ck_suggest suggest;
	ck_suggest_init(&suggest, (struct ck_str){a, sizeof(a)});
	ck_suggest_offer(&suggest, (struct ck_str){b, sizeof(b)});
	cr_assert_eq(suggest.n_best, 0);
	ck_suggest_init(&suggest, (struct ck_str){a, 4000});
	ck_suggest_offer(&suggest, (struct ck_str){a, 3999});
	ck_suggest_offer(&suggest, (struct ck_str){b, 4000});
	cr_assert_eq(suggest.n_best, 1);
}
