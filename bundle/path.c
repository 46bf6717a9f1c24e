#include "bundle/path.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "bundle/state.h"
#include "bundle/table.h"

enum { MAX_LISTED = 5 };

struct resolver {
	struct ck_str path;		/* as the user wrote it */
	struct ck_arena *arena;
	struct ck_diags *diags;
	struct ck_str prefix;		/* found; p is NULL until then */
};

static struct ck_str printable(struct resolver *resolver, struct ck_str text)
{
	return ck_name_text(resolver->diags->arena, text);
}

static struct ck_str join(struct ck_arena *arena, struct ck_str a, struct ck_str b)
{
	return ck_str_format(arena, "%.*s%.*s", CK_STR_ARG(a), CK_STR_ARG(b));
}

struct ck_str ck_path_index(struct ck_arena *arena, struct ck_str prefix)
{
	return join(arena, prefix, CK_STR(".index"));
}

struct ck_str ck_path_data(struct ck_arena *arena, struct ck_str prefix, uint32_t shard, size_t n_shards)
{
	return ck_str_format(arena, "%.*s.data-%05" PRIu32 "-of-%05zu", CK_STR_ARG(prefix), shard, n_shards);
}

/* Takes digits off the end of *path, at least five of them. */
static bool drop_number(struct ck_str *path)
{
	size_t n = path->n;
	while (n > 0 && path->p[n - 1] >= '0' && path->p[n - 1] <= '9')
		n--;
	bool good = path->n - n >= 5;
	path->n = n;
	return good;
}

static bool drop_end(struct ck_str *path, struct ck_str end)
{
	bool good = ck_str_ends(*path, end);
	path->n -= good ? end.n : 0;
	return good;
}

bool ck_path_is_data(struct ck_str path, struct ck_str *ret_prefix)
{
	if (!drop_number(&path) || !drop_end(&path, CK_STR("-of-")) || !drop_number(&path) || !drop_end(&path, CK_STR(".data-")))
		return false;
	*ret_prefix = path;
	return true;
}

enum ck_code ck_path_old_format(struct ck_str path, struct ck_diags *diags)
{
	struct ck_diag *diag = ck_error(diags, CK_OLD_FORMAT, (struct ck_span){0}, "\"%.*s\" is a checkpoint of the V1 format, before "
					"tensor bundles", CK_STR_ARG(ck_name_text(diags->arena, path)));
	ck_diag_help(diags, diag, "restore it in TensorFlow with tf.compat.v1.train.Saver and save it again: Saver writes bundles by default");
	return CK_OLD_FORMAT;
}

/* p is not NULL. @errors CK_IO, CK_NOMEM */
static enum ck_code stat_of(struct resolver *resolver, struct ck_str path, struct ck_stat *ret_stat)
{
	if (!path.p)
		return ck_error_nomem(resolver->diags);
	return ck_stat_path(path.p, ret_stat) ? CK_OK : ck_error_io(resolver->diags, "look at", path);
}

/* Sets resolver->prefix when prefix.index is a file. */
static enum ck_code try_prefix(struct resolver *resolver, struct ck_str prefix)
{
	struct ck_stat found;
	struct ck_str copy = ck_str_copy(resolver->arena, prefix);
	enum ck_code code = stat_of(resolver, ck_path_index(resolver->arena, prefix), &found);
	if (!code && !copy.p)
		return ck_error_nomem(resolver->diags);
	if (!code && found.is_file)
		resolver->prefix = copy;
	return code;
}

/* What files of other formats begin with, or have somewhere near their beginning: the first that fits. */
static const struct other_format {
	struct ck_str begin, within;	/* within: empty, it does not matter */
	const char *name, *help;
} other_formats[] = {
	{{"\x89HDF", 4}, {0}, "an HDF5 file", "load the model in Keras and save it by tf.train.Checkpoint(model=model).write(\"...\")"},
	{{"PK\3\4", 4}, {"data.pkl", 8}, "a PyTorch file", "ckmig reads TensorFlow's checkpoints only; save the weights from a TensorFlow program"},
	{{"PK\3\4", 4}, {".npy", 4}, "an archive of NumPy arrays", "ckmig reads TensorFlow's checkpoints only; save the arrays as tf.Variables, by tf.train.Checkpoint"},
	{{"PK\3\4", 4}, {0}, "a zip archive", "if it is a .keras file: load the model in Keras and save it by tf.train.Checkpoint(model=model).write(\"...\")"},
	{{"\x93NUMPY", 6}, {0}, "a NumPy array", "ckmig reads TensorFlow's checkpoints only; save the array as a tf.Variable, by tf.train.Checkpoint"},
	{{"\x80\2", 2}, {0}, "a Python pickle", "ckmig reads TensorFlow's checkpoints only; save the weights from a TensorFlow program"},
	{{"\x80\4", 2}, {0}, "a Python pickle", "ckmig reads TensorFlow's checkpoints only; save the weights from a TensorFlow program"},
	{{"", 0}, {"\0{\"", 3}, "a safetensors file", "ckmig reads TensorFlow's checkpoints only; save the weights from a TensorFlow program"},
};

static bool has_within(struct ck_str bytes, struct ck_str word)
{
	for (size_t i = 0; word.n && i + word.n <= bytes.n; i++)
		if (memcmp(bytes.p + i, word.p, word.n) == 0)
			return true;
	return word.n == 0;
}

static enum ck_code refuse_format(struct resolver *resolver, struct ck_str path, struct ck_str bytes)
{
	for (size_t i = 0; i < CK_COUNT(other_formats); i++) {
		const struct other_format *format = &other_formats[i];
		if (!ck_str_starts(bytes, format->begin) || !has_within(bytes, format->within))
			continue;
		struct ck_diag *diag = ck_error(resolver->diags, CK_OLD_FORMAT, (struct ck_span){0}, "\"%.*s\" is %s, not a TensorFlow checkpoint",
						CK_STR_ARG(printable(resolver, path)), format->name);
		ck_diag_help(resolver->diags, diag, "%s", format->help);
		return CK_OLD_FORMAT;
	}
	return CK_OK;
}

/* Adds an error when path is a file, or the prefix of files, of a format that is no bundle. */
static enum ck_code refuse_other_formats(struct resolver *resolver, struct ck_str path)
{
	enum { HEAD = 256 };
	struct ck_stat found;
	struct ck_str sharded = ck_str_format(resolver->arena, "%.*s-00000-of-00001", CK_STR_ARG(path));
	enum ck_code code = stat_of(resolver, path, &found);
	if (!code && !found.is_file) {
		path = sharded;
		code = stat_of(resolver, path, &found);
	}
	if (code || !found.is_file)
		return code;
	char bytes[HEAD];	/* where names of the first file in an archive are */
	int fd = ck_open_read(path.p);
	size_t n = found.size < HEAD ? (size_t)found.size : HEAD;
	if (fd < 0 || !ck_pread_all(fd, bytes, n, found.size - n))
		code = ck_error_io(resolver->diags, "read", path);
	else if (n >= CK_TABLE_FOOTER && ck_table_is_footer((struct ck_str){bytes, n}))
		code = ck_path_old_format(path, resolver->diags);
	else if (!ck_pread_all(fd, bytes, n, 0))
		code = ck_error_io(resolver->diags, "read", path);
	ck_close(fd);
	if (code)
		return code;
	return refuse_format(resolver, path, (struct ck_str){bytes, n});
}

/* Prefixes of the bundles in a folder, "" standing for the folder itself; in arena. */
static enum ck_code list_prefixes(struct resolver *resolver, struct ck_str dir, struct ck_str **ret_prefixes, size_t *ret_n)
{
	struct ck_str *names;
	size_t n_names, n = 0;
	if (!ck_list_dir(dir.p, resolver->arena, &names, &n_names))
		return ck_error_io(resolver->diags, "list", dir);
	for (size_t i = 0; i < n_names; i++) {
		struct ck_str name = names[i];
		if (drop_end(&name, CK_STR(".index")) && name.n)
			names[n++] = ck_path_join(resolver->arena, dir, name);
	}
	*ret_prefixes = names;
	*ret_n = n;
	return ck_arena_failed(resolver->arena) ? ck_error_nomem(resolver->diags) : CK_OK;
}

static void help_list(struct resolver *resolver, struct ck_diag *diag, const char *what, const struct ck_str *prefixes, size_t n)
{
	struct ck_buf list = {0};
	for (size_t i = 0; i < n && i < MAX_LISTED; i++) {
		ck_buf_printf(&list, "%s\"", i ? ", " : "");
		ck_buf_name(&list, prefixes[i]);
		ck_buf_char(&list, '"');
	}
	if (n > MAX_LISTED)
		ck_buf_printf(&list, " and %zu more", n - MAX_LISTED);
	if (!list.failed && n)
		ck_diag_help(resolver->diags, diag, "%s %.*s", what, CK_STR_ARG(ck_buf_view(&list)));
	ck_buf_clear(&list);
}

static enum ck_code resolve_state(struct resolver *resolver, struct ck_str dir)
{
	struct ck_state *state;
	enum ck_code code = ck_state_read(dir, resolver->arena, resolver->diags, &state);
	if (code || !state || !state->model_path.n)
		return code;
	struct ck_str prefix = ck_path_join(resolver->arena, dir, state->model_path);
	if (!prefix.p)
		return ck_error_nomem(resolver->diags);
	code = try_prefix(resolver, prefix);
	if (!code && !resolver->prefix.p)
		code = refuse_other_formats(resolver, prefix);
	if (code || resolver->prefix.p)
		return code;
	struct ck_str *prefixes = NULL;
	size_t n = 0;
	code = list_prefixes(resolver, dir, &prefixes, &n);
	if (code)
		return code;
	struct ck_diag *diag = ck_error(resolver->diags, CK_NO_CHECKPOINT, (struct ck_span){0},
					"the state file \"%.*s/checkpoint\" says that the latest checkpoint is \"%.*s\", which is not there",
					CK_STR_ARG(printable(resolver, dir)), CK_STR_ARG(printable(resolver, state->model_path)));
	help_list(resolver, diag, "name one of those that are:", prefixes, n);
	return CK_NO_CHECKPOINT;
}

static enum ck_code resolve_dir(struct resolver *resolver, struct ck_str dir)
{
	enum ck_code code = resolve_state(resolver, dir);
	if (!code && !resolver->prefix.p)
		code = try_prefix(resolver, ck_path_join(resolver->arena, dir, CK_STR("variables/variables")));
	if (code || resolver->prefix.p)
		return code;
	struct ck_str *prefixes;
	size_t n;
	code = list_prefixes(resolver, dir, &prefixes, &n);
	if (code)
		return code;
	if (n == 1) {
		resolver->prefix = prefixes[0];
		return CK_OK;
	}
	struct ck_diag *diag = ck_error(resolver->diags, CK_NO_CHECKPOINT, (struct ck_span){0},
					n ? "the folder \"%.*s\" holds several checkpoints, and no state file that says which is the latest"
					  : "the folder \"%.*s\" holds no checkpoint", CK_STR_ARG(printable(resolver, dir)));
	help_list(resolver, diag, "name one of", prefixes, n);
	if (!n)
		ck_diag_help(resolver->diags, diag, "a checkpoint is a file NAME.index with its NAME.data-00000-of-00001");
	return CK_NO_CHECKPOINT;
}

/* Nothing is at path: says what is near. */
static enum ck_code report_missing(struct resolver *resolver)
{
	struct ck_str path = resolver->path, dir = ck_path_dir(resolver->arena, path), data_prefix = path;
	struct ck_stat found;
	enum ck_code code = stat_of(resolver, dir, &found);
	if (code)
		return code;
	if (!found.is_dir) {
		struct ck_diag *diag = ck_error(resolver->diags, CK_NO_CHECKPOINT, (struct ck_span){0}, "there is no checkpoint \"%.*s\": the "
						"folder \"%.*s\" is not there", CK_STR_ARG(printable(resolver, path)),
						CK_STR_ARG(printable(resolver, dir)));
		if (has_within(path, CK_STR("://")))
			ck_diag_help(resolver->diags, diag, "ckmig reads files of this machine: copy the index and the data files here first");
		return CK_NO_CHECKPOINT;
	}
	struct ck_str *names, *prefixes;
	size_t n_names, n;
	if (!ck_path_is_data(path, &data_prefix))
		drop_end(&data_prefix, CK_STR(".index"));
	if (!ck_list_dir(dir.p, resolver->arena, &names, &n_names))
		return ck_error_io(resolver->diags, "list", dir);
	for (size_t i = 0; i < n_names; i++) {
		struct ck_str prefix;
		if (!ck_path_is_data(names[i], &prefix) || !ck_str_equal(prefix, ck_path_base(data_prefix)))
			continue;
		struct ck_diag *diag = ck_error(resolver->diags, CK_NO_CHECKPOINT, (struct ck_span){0}, "there are data files of \"%.*s\", "
						"but no \"%.*s.index\"", CK_STR_ARG(printable(resolver, data_prefix)),
						CK_STR_ARG(printable(resolver, data_prefix)));
		ck_diag_help(resolver->diags, diag, "the index is written last: the save was interrupted, or the index was not copied");
		return CK_NO_CHECKPOINT;
	}
	code = list_prefixes(resolver, dir, &prefixes, &n);
	if (code)
		return code;
	struct ck_diag *diag = ck_error(resolver->diags, CK_NO_CHECKPOINT, (struct ck_span){0}, "there is no checkpoint \"%.*s\"",
					CK_STR_ARG(printable(resolver, path)));
	struct ck_suggest suggest;
	ck_suggest_init(&suggest, path);
	for (size_t i = 0; i < n; i++)
		ck_suggest_offer(&suggest, prefixes[i]);
	if (suggest.n_best)
		ck_suggest_help(&suggest, resolver->diags, diag, "\"");
	else
		help_list(resolver, diag, "this folder holds", prefixes, n);
	return CK_NO_CHECKPOINT;
}

static enum ck_code resolve(struct resolver *resolver)
{
	struct ck_str path = resolver->path, prefix = path;
	struct ck_stat found;
	enum ck_code code = CK_OK;
	if (path.p[path.n - 1] != '/')
		code = try_prefix(resolver, path);
	if (!code && !resolver->prefix.p && (drop_end(&prefix, CK_STR(".index")) || ck_path_is_data(path, &prefix)) && prefix.n &&
	    prefix.p[prefix.n - 1] != '/')
		code = try_prefix(resolver, prefix);
	if (code || resolver->prefix.p)
		return code;
	code = stat_of(resolver, path, &found);
	if (!code && found.is_dir)
		return resolve_dir(resolver, path);
	if (!code)
		code = refuse_other_formats(resolver, path);
	if (!code && found.is_file && !ck_path_is_data(path, &prefix)) {
		struct ck_diag *diag = ck_error(resolver->diags, CK_NO_CHECKPOINT, (struct ck_span){0}, "\"%.*s\" is a file, but no checkpoint",
						CK_STR_ARG(printable(resolver, path)));
		ck_diag_help(resolver->diags, diag, "a checkpoint is named by its prefix: what stands before .index");
		return CK_NO_CHECKPOINT;
	}
	return code ? code : report_missing(resolver);
}

enum ck_code ck_path_resolve(struct ck_str path, struct ck_arena *arena, struct ck_diags *diags, struct ck_str *ret_prefix)
{
	struct resolver resolver = {.path = ck_str_copy(arena, path), .arena = arena, .diags = diags};
	if (!resolver.path.p)
		return ck_error_nomem(diags);
	if (path.n == 0 || memchr(path.p, '\0', path.n)) {
		ck_error(diags, CK_NO_CHECKPOINT, (struct ck_span){0}, "\"%.*s\" is no path of a checkpoint",
			 CK_STR_ARG(ck_name_text(diags->arena, path)));
		return CK_NO_CHECKPOINT;
	}
	enum ck_code code = resolve(&resolver);
	if (!code)
		*ret_prefix = resolver.prefix;
	return code;
}
