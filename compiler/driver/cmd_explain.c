/* Codes, operators, fills and functions, as the tables document them. */
#include "compiler/driver/json.h"
#include "compiler/driver/driver.h"
#include "vm/op.h"

enum example_kind { CK_EXAMPLE_OPERATOR, CK_EXAMPLE_FILL, CK_EXAMPLE_WHERE, CK_EXAMPLE_CHECK, CK_EXAMPLE_CODE };

static const struct {
	enum example_kind kind;
	const char *name, *text;
} examples[] = {
#define CK_EXAMPLE(kind, name, text) {CK_EXAMPLE_##kind, name, text},
#include "compiler/driver/example.def"
#undef CK_EXAMPLE
};

/* What one row of a table says. */
struct page {
	enum example_kind example;
	const char *kind;
	struct ck_str name, signature;	/* signature: empty for codes */
	const char *doc;
	const char *more[3];
	bool later;
};

struct pages {
	struct ck_driver *driver;
	json_t *array;
	size_t n;
};

static struct ck_str signature(struct ck_driver *driver, const char *name, const struct ck_param *params, size_t n)
{
	struct ck_buf buf = {0};
	ck_buf_printf(&buf, "%s%s", name, n ? "(" : "");
	for (size_t i = 0; i < n; i++) {
		const struct ck_param *p = &params[i];
		ck_buf_printf(&buf, "%s%s%.*s", i ? ", " : "", p->optional ? "[" : "", CK_STR_ARG(p->rest_keywords ? CK_STR("name") : p->name));
		if (p->rest_positional)
			ck_buf_str(&buf, CK_STR(", ..."));
		else if (p->rest_keywords)
			ck_buf_str(&buf, CK_STR("=..., ..."));
		else if (p->words.n)
			ck_buf_printf(&buf, "=%.*s", CK_STR_ARG(p->words));
		else if (p->default_text.n)
			ck_buf_printf(&buf, "=%.*s", CK_STR_ARG(p->default_text));
		else if (p->keyword_only)
			ck_buf_char(&buf, '=');
		ck_buf_str(&buf, p->optional ? CK_STR("]") : CK_STR(""));
		if (p->words.n && p->default_text.n)
			ck_buf_printf(&buf, " (%.*s)", CK_STR_ARG(p->default_text));
	}
	ck_buf_str(&buf, n ? CK_STR(")") : CK_STR(""));
	struct ck_str text = ck_str_copy(driver->arena, ck_buf_view(&buf));
	driver->out.failed |= buf.failed || !text.p;
	ck_buf_clear(&buf);
	return text;
}

static const char *example_of(const struct page *page)
{
	for (size_t i = 0; i < CK_COUNT(examples); i++) {
		if (examples[i].kind == page->example && ck_str_equal(page->name, ck_str(examples[i].name)))
			return examples[i].text;
	}
	return "";
}

static void put_example(struct ck_buf *out, struct ck_str text)
{
	ck_buf_str(out, text.n ? CK_STR("\n") : CK_STR(""));
	while (text.n) {
		size_t end = ck_str_find(text, '\n');
		ck_buf_printf(out, "    %.*s\n", CK_STR_ARG(ck_str_slice(text, 0, end)));
		text = ck_str_slice(text, end + 1, text.n);
	}
}

static void put_page(struct pages *pages, const struct page *page)
{
	struct ck_buf *out = &pages->driver->out;
	if (pages->driver->json) {
		json_t *object = json_object(), *notes = json_array();
		ck_json_put(out, object, "kind", json_string(page->kind));
		ck_json_put(out, object, "name", ck_json_text(page->name));
		if (page->signature.n)
			ck_json_put(out, object, "signature", ck_json_text(page->signature));
		ck_json_put(out, object, "summary", json_string(page->doc));
		for (size_t i = 0; i < CK_COUNT(page->more) && page->more[i]; i++)
			ck_json_append(out, notes, json_string(page->more[i]));
		ck_json_put(out, object, "notes", notes);
		ck_json_put(out, object, "available", json_boolean(!page->later));
		ck_json_put(out, object, "example", json_string(example_of(page)));
		ck_json_append(out, pages->array, object);
	} else {
		ck_buf_printf(out, "%s%s %.*s\n", pages->n ? "\n" : "", page->kind, CK_STR_ARG(page->signature.n ? page->signature : page->name));
		ck_buf_printf(out, "  %s\n", page->doc);
		for (size_t i = 0; i < CK_COUNT(page->more) && page->more[i]; i++)
			ck_buf_printf(out, "  %s\n", page->more[i]);
		if (page->later)
			ck_buf_str(out, CK_STR("  not available in this version of ckmig\n"));
		put_example(out, ck_str(example_of(page)));
	}
	pages->n++;
}

static void explain_code(struct pages *pages, struct ck_str word)
{
	static const char *const groups[] = {
		"", "syntax: the text cannot be read; exit code 3", "names and patterns: the text contradicts itself; exit code 3 (4 where a checkpoint shows it)",
		"shapes and dtypes; exit code 3, or 4 where a checkpoint shows it", "the migration does not fit the checkpoint; exit code 4",
		"inversion", "plan files; exit code 5", "what only the data shows; exit code 6 (4 for a check that the dry run decides)",
		"files of a checkpoint; exit code 2", "the command line and the system; exit code 2",
	};
	enum ck_code code = ck_code_find(word);
	if (!code)
		return;
	struct page page = {.example = CK_EXAMPLE_CODE, .kind = ck_code_number(code)[0] == 'W' ? "warning" : "error", .name = ck_str(ck_code_number(code)),
			    .doc = ck_code_summary(code)};
	size_t group = (size_t)(page.name.p[2] - '0');
	page.more[0] = page.name.p[0] == 'W' ? "a comment `# ckmig: allow(CODE) reason` on the statement or the line before silences it" : groups[group];
	put_page(pages, &page);
}

static void explain_operator(struct pages *pages, struct ck_str word)
{
	static const char *const arity[] = {
		[CK_ARITY_EACH] = "takes one value, or each member of a tuple by itself",
		[CK_ARITY_JOIN] = "takes a tuple, or with over= the group that a capture makes",
		[CK_ARITY_REDUCE] = "takes a tuple or group, or with axis= one value", [CK_ARITY_SPLIT] = "makes a tuple, or with as= many targets",
		[CK_ARITY_PICK] = "takes a tuple",
	};
	static const char *const slots[] = {
		[CK_SLOTS_SAME] = "optimizer slots: the same is done to them",
		[CK_SLOTS_ZEROS] = "optimizer slots: the same is done to them, with zeros for what is filled",
		[CK_SLOTS_NONE] = "optimizer slots: no correct image; write rules for them, or `slots drop`",
	};
	bool is_index = ck_str_equal(word, CK_STR("[]")) || ck_str_equal(word, CK_STR("index"));
	const struct ck_op_info *info = is_index ? ck_op_info(CK_OP_INDEX) : ck_op_find(word);
	if (!info)
		return;
	word = ck_str(info->name);
	struct ck_str inverse = ck_str_format(pages->driver->arena, "inverse: %s", info->inverse);
	struct ck_str call = is_index ? CK_STR("[start:stop:step, index, ...]") : signature(pages->driver, info->name, info->params, info->n_params);
	struct page page = {CK_EXAMPLE_OPERATOR, "operator", word, call, info->doc,
			    {is_index ? "stands directly after a source" : arity[info->arity], slots[info->slots], info->inverse[0] ? inverse.p : NULL}, info->state == CK_STATE_LATER};
	put_page(pages, &page);
}

static void explain_fill(struct pages *pages, struct ck_str word)
{
	const struct ck_fill_info *info = ck_fill_find(word);
	if (!info)
		return;
	struct page page = {CK_EXAMPLE_FILL, "fill", word, signature(pages->driver, info->name, info->params, info->n_params), info->doc,
			    {info->rows_only ? "only as an argument of grow, pad and remap" : NULL}, info->state == CK_STATE_LATER};
	put_page(pages, &page);
}

static void explain_function(struct pages *pages, struct ck_str word, bool in_check)
{
	static const char *const phases[] = {
		[CK_PHASE_WHERE] = "stands in `where`", [CK_PHASE_PLAN] = "stands in `check`; decided by the dry run",
		[CK_PHASE_RUN] = "stands in `check`; decided after the run, on what was written",
	};
	const struct ck_function_info *info = ck_function_find(word, in_check);
	if (!info)
		return;
	struct page page = {in_check ? CK_EXAMPLE_CHECK : CK_EXAMPLE_WHERE, in_check ? "check" : "function", word, signature(pages->driver, info->name, info->params, info->n_params),
			    info->doc, {phases[info->phase]}, info->state == CK_STATE_LATER};
	put_page(pages, &page);
}

static enum ck_code explain_nothing(struct ck_driver *driver, struct ck_str word)
{
	struct ck_diag *diag = ck_usage_error(&driver->diags, CK_COMMAND_explain, "\"%.*s\" is no code, operator, fill or check",
					      CK_STR_ARG(ck_name_text(driver->arena, word)));
	struct ck_suggest suggest;
	ck_suggest_init(&suggest, word);
	for (enum ck_code code = 1; code < CK_N_CODES; code++)
		ck_suggest_offer(&suggest, ck_str(ck_code_number(code)));
	const struct ck_op_info *op;
	for (size_t i = 0; (op = ck_op_at(i)); i++) {
		if (op->arity != CK_ARITY_MACHINE)
			ck_suggest_offer(&suggest, ck_str(op->name));
	}
	const struct ck_fill_info *fill;
	for (size_t i = 0; (fill = ck_fill_at(i)); i++)
		ck_suggest_offer(&suggest, ck_str(fill->name));
	const struct ck_function_info *function;
	for (size_t i = 0; (function = ck_function_at(i)); i++)
		ck_suggest_offer(&suggest, ck_str(function->name));
	ck_suggest_help(&suggest, &driver->diags, diag, "");
	return CK_USAGE;
}

enum ck_code ck_cmd_explain(struct ck_driver *driver)
{
	struct ck_str word = driver->options.operands[0];
	struct pages pages = {.driver = driver, .array = driver->json ? json_array() : NULL};
	explain_code(&pages, word);
	explain_operator(&pages, word);
	explain_fill(&pages, word);
	explain_function(&pages, word, false);
	explain_function(&pages, word, true);
	if (pages.n && driver->json)
		ck_json_print(&driver->out, pages.array);
	else
		json_decref(pages.array);
	return pages.n ? CK_OK : explain_nothing(driver, word);
}
