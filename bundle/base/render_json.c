/* Diagnostics for programs: one JSON object a line, or SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0). */
#include <jansson.h>
#include <string.h>

#include "bundle/base/render.h"

/* Text that is no UTF-8 (a file's name, say) is escaped as names are: JSON has no other bytes. */
static json_t *text_of(struct ck_str text)
{
	json_t *value = json_stringn(text.p ? text.p : "", text.n);
	if (value)
		return value;
	struct ck_buf escaped = {0};
	ck_buf_name(&escaped, text);
	value = escaped.failed ? NULL : json_stringn(escaped.p, escaped.n);
	ck_buf_clear(&escaped);
	return value;
}

static json_t *number_of(size_t number)
{
	return json_integer((json_int_t)number);
}

/* Sets key; takes value, which may be NULL where memory was short. */
static void set_take(json_t *object, const char *key, json_t *value, struct ck_buf *out)
{
	if (json_object_set_new(object, key, value) != 0)
		out->failed = true;
}

static void append_take(json_t *array, json_t *value, struct ck_buf *out)
{
	if (json_array_append_new(array, value) != 0)
		out->failed = true;
}

static int write_part(const char *bytes, size_t n, void *out)
{
	ck_buf_bytes(out, bytes, n);
	return 0;
}

/* Appends value as text and gives it up. */
static void dump_take(json_t *value, size_t flags, struct ck_buf *out)
{
	if (!value || json_dump_callback(value, write_part, out, flags) != 0)
		out->failed = true;
	ck_buf_char(out, '\n');
	json_decref(value);
}

static void set_place(json_t *object, const struct ck_diags *diags, struct ck_span span, struct ck_buf *out)
{
	struct ck_place place = ck_place_of(diags, span);
	bool known = place.line != 0;
	set_take(object, "file", known ? text_of(place.file) : json_null(), out);
	set_take(object, "line", known ? number_of(place.line) : json_null(), out);
	set_take(object, "column", known ? number_of(place.column) : json_null(), out);
	set_take(object, "end_line", known ? number_of(place.end_line) : json_null(), out);
	set_take(object, "end_column", known ? number_of(place.end_column) : json_null(), out);
}

static json_t *lines_of(const struct ck_str *lines, size_t n, struct ck_buf *out)
{
	json_t *array = json_array();
	for (size_t i = 0; i < n; i++)
		append_take(array, text_of(lines[i]), out);
	return array;
}

static json_t *labels_of(const struct ck_diags *diags, const struct ck_diag *diag, struct ck_buf *out)
{
	json_t *array = json_array();
	for (size_t i = 0; i < diag->n_labels; i++) {
		json_t *label = json_object();
		set_take(label, "message", text_of(diag->labels[i].text), out);
		set_place(label, diags, diag->labels[i].span, out);
		append_take(array, label, out);
	}
	return array;
}

void ck_render_json(const struct ck_diags *diags, struct ck_diag *const *items, size_t n, struct ck_buf *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct ck_diag *diag = items[i];
		json_t *object = json_object();
		set_take(object, "code", json_string(ck_code_number(diag->code)), out);
		set_take(object, "severity", json_string(ck_severity_text(diag->severity)), out);
		set_take(object, "message", text_of(diag->message), out);
		set_place(object, diags, diag->span, out);
		set_take(object, "label", text_of(diag->label), out);
		set_take(object, "labels", labels_of(diags, diag, out), out);
		set_take(object, "notes", lines_of(diag->notes, diag->n_notes, out), out);
		set_take(object, "helps", lines_of(diag->helps, diag->n_helps, out), out);
		dump_take(object, JSON_COMPACT, out);
	}
}

/* A relative URI reference: bytes other than RFC 3986's unreserved ones and the slash as %XX. */
static json_t *uri_of(struct ck_str path)
{
	struct ck_buf uri = {0};
	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (plain || (c && strchr("-._~/", c)))
			ck_buf_char(&uri, c);
		else
			ck_buf_printf(&uri, "%%%02X", (unsigned)(unsigned char)c);
	}
	json_t *value = uri.failed ? NULL : text_of(ck_buf_view(&uri));
	ck_buf_clear(&uri);
	return value;
}

static json_t *sarif_message(struct ck_str text, struct ck_buf *out)
{
	json_t *message = json_object();
	set_take(message, "text", text_of(text), out);
	return message;
}

/* A location, or NULL for "no place". An empty message is left out. */
static json_t *sarif_location(const struct ck_diags *diags, struct ck_span span, struct ck_str text, struct ck_buf *out)
{
	struct ck_place place = ck_place_of(diags, span);
	if (place.line == 0)
		return NULL;
	json_t *artifact = json_object(), *region = json_object(), *physical = json_object(), *location = json_object();
	set_take(artifact, "uri", uri_of(place.file), out);
	set_take(region, "startLine", number_of(place.line), out);
	set_take(region, "startColumn", number_of(place.column), out);
	set_take(region, "endLine", number_of(place.end_line), out);
	set_take(region, "endColumn", number_of(place.end_column), out);
	set_take(physical, "artifactLocation", artifact, out);
	set_take(physical, "region", region, out);
	set_take(location, "physicalLocation", physical, out);
	if (text.n)
		set_take(location, "message", sarif_message(text, out), out);
	return location;
}

/* Message, notes and helps in one text: SARIF has no place of its own for the latter two. */
static json_t *sarif_text(const struct ck_diag *diag, struct ck_buf *out)
{
	struct ck_buf text = {0};
	ck_buf_str(&text, diag->message);
	for (size_t i = 0; i < diag->n_notes; i++)
		ck_buf_printf(&text, "\nnote: %.*s", CK_STR_ARG(diag->notes[i]));
	for (size_t i = 0; i < diag->n_helps; i++)
		ck_buf_printf(&text, "\nhelp: %.*s", CK_STR_ARG(diag->helps[i]));
	out->failed |= text.failed;
	json_t *message = sarif_message(ck_buf_view(&text), out);
	ck_buf_clear(&text);
	return message;
}

static json_t *sarif_result(const struct ck_diags *diags, const struct ck_diag *diag, struct ck_buf *out)
{
	json_t *result = json_object(), *locations = json_array(), *related = json_array();
	json_t *location = sarif_location(diags, diag->span, diag->label, out);
	if (location)
		append_take(locations, location, out);
	for (size_t i = 0; i < diag->n_labels; i++) {
		json_t *label = sarif_location(diags, diag->labels[i].span, diag->labels[i].text, out);
		if (label)
			append_take(related, label, out);
	}
	set_take(result, "ruleId", json_string(ck_code_number(diag->code)), out);
	set_take(result, "level", json_string(ck_severity_text(diag->severity)), out);
	set_take(result, "message", sarif_text(diag, out), out);
	set_take(result, "locations", locations, out);
	set_take(result, "relatedLocations", related, out);
	return result;
}

/* The codes that occur, once each, in the order of code.def. */
static json_t *sarif_rules(struct ck_diag *const *items, size_t n, struct ck_buf *out)
{
	bool occurs[CK_N_CODES] = {false};
	for (size_t i = 0; i < n; i++)
		occurs[items[i]->code] = true;
	json_t *rules = json_array();
	for (enum ck_code code = CK_OK + 1; code < CK_N_CODES; code++) {
		if (!occurs[code])
			continue;
		json_t *rule = json_object();
		set_take(rule, "id", json_string(ck_code_number(code)), out);
		set_take(rule, "shortDescription", sarif_message(ck_str(ck_code_summary(code)), out), out);
		append_take(rules, rule, out);
	}
	return rules;
}

void ck_render_sarif(const struct ck_diags *diags, struct ck_diag *const *items, size_t n, struct ck_buf *out)
{
	json_t *driver = json_object(), *tool = json_object(), *run = json_object(), *log = json_object();
	json_t *results = json_array(), *runs = json_array();
	for (size_t i = 0; i < n; i++)
		append_take(results, sarif_result(diags, items[i], out), out);
	set_take(driver, "name", json_string("ckmig"), out);
	set_take(driver, "rules", sarif_rules(items, n, out), out);
	set_take(tool, "driver", driver, out);
	set_take(run, "tool", tool, out);
	set_take(run, "columnKind", json_string("unicodeCodePoints"), out);
	set_take(run, "results", results, out);
	append_take(runs, run, out);
	set_take(log, "$schema", json_string("https://json.schemastore.org/sarif-2.1.0.json"), out);
	set_take(log, "version", json_string("2.1.0"), out);
	set_take(log, "runs", runs, out);
	dump_take(log, JSON_INDENT(2), out);
}
