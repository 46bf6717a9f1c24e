/* What the files of compiler/scaffold/ share. Memory comes from one arena, whose failure is sticky: it is asked once at the end. */
#ifndef CK_SCAFFOLD_INTERNAL_H
#define CK_SCAFFOLD_INTERNAL_H

#include "compiler/scaffold/scaffold.h"

enum { CK_FROM, CK_ONTO, CK_N_SIDES };

/* A number in a name: its digits; or, where TensorFlow numbers (dense, dense_1), "_1", and nothing at the place of the first. */
struct ck_number {
	uint32_t begin, end;
	bool is_uniq;
	uint64_t value;
};

/* What has to be equal for a value to be carried as it is. Interned: two items have the same type when the numbers are equal. */
struct ck_kind {
	enum ck_dtype dtype;
	enum ck_variable_kind kind;
	struct ck_shape shape;
	uint64_t n_elems;
};

/* A variable that is no slot. */
struct ck_item {
	const struct ck_variable *variable;
	struct ck_str name;
	uint32_t side, type;
	uint32_t role;			/* of counters and hyperparameters, see role.c; 0: none */
	size_t family;			/* those whose names differ in numbers only */
	struct ck_number *numbers;
	size_t n_numbers;
	const uint32_t *words, *full_words;	/* of name and full name; see words.c */
	size_t n_words, n_full_words;
	bool shares_full_name;		/* with another of its side */
	bool done;			/* a move accounts for it */
	struct ck_item *same;		/* kept: the other side's of this name, dtype and shape */
};

struct ck_family {
	struct ck_str skeleton;		/* the name, with a mark for each number */
	struct ck_item **items;		/* by their numbers */
	size_t n;
};

struct ck_side {
	const struct ck_manifest *manifest;
	struct ck_item *items;		/* in natural order: layer_2 before layer_10 */
	size_t n;
	struct ck_family *families;
	size_t n_families;
	struct ck_map by_name;		/* -> items */
	struct ck_map by_skeleton;	/* -> families */
	size_t *of_variable;		/* [manifest->n_variables] item, or SIZE_MAX */
	size_t *first_slot, *next_slot;	/* [manifest->n_variables] slots of a variable, or SIZE_MAX */
	size_t n_slots;
};

/* What one operator does to a type; text is empty when nothing has to be done. */
enum ck_change_kind {
	CK_CHANGE_NONE,			/* no one operator explains it */
	CK_CHANGE_SAME, CK_CHANGE_TRANSPOSE, CK_CHANGE_SQUEEZE, CK_CHANGE_RESHAPE, CK_CHANGE_REARRANGE, CK_CHANGE_GROW, CK_CHANGE_CUT,
	CK_CHANGE_CONCAT, CK_CHANGE_STACK, CK_CHANGE_SPLIT, CK_CHANGE_UNSTACK,
	CK_N_CHANGES,
};

struct ck_change {
	enum ck_change_kind kind;
	bool casts;			/* and a cast after it */
	bool ambiguous;			/* another way fits as well, so that shapes alone do not tell */
	struct ck_str text;		/* "transpose | cast(bf16)"; empty: nothing */
	struct ck_str shape_text;	/* without the cast: what happens to a slot */
	struct ck_str why;		/* "the shape is reversed" */
};

enum ck_why {
	CK_WHY_NAME, CK_WHY_FULL_NAME, CK_WHY_WORDS,
	CK_WHY_OPEN, CK_WHY_OTHER,	/* the move's reason says it */
};

/* One name in a statement: the item's, between a prefix and a suffix ("TODO/", "@m"). */
struct ck_term {
	const struct ck_item *item;
	const char *prefix, *suffix;
};

/* What becomes of what: the statements are made by generalising over these. */
struct ck_move {
	const char *kind;		/* "map", "drop", "new", "slots" */
	enum ck_certainty certainty;
	enum ck_why why;
	const struct ck_change *change;	/* of maps; NULL: nothing is done */
	struct ck_str other;		/* of open ones: operators of another reading */
	bool is_doubt;			/* its own operators are a reading too; see doubt.c */
	struct ck_str tail;		/* what ends the statement: `because "..."`, `= template` */
	struct ck_str reason;		/* in place of one made from why and change */
	struct ck_str fixed;		/* the whole statement; there are no terms then */
	size_t position;		/* several terms of one side are of one family, over this number; SIZE_MAX: they are not */
	size_t hints;			/* number of its unit's hints among ck_maker.hints, 0: none */
	struct ck_term *sources, *targets;
	size_t n_sources, n_targets;
};

/* What else an open statement could be. */
struct ck_hints {
	struct ck_str *items;
	size_t n;
};

struct ck_maker {
	struct ck_arena *arena;
	struct ck_side sides[CK_N_SIDES];
	bool has_onto;
	const char *marker, *marker_slash;	/* "TODO", "TODO/" */

	struct ck_map word_numbers;
	uint32_t n_words;
	uint32_t *word_counts;		/* [n_words] names of either side that have it */
	struct ck_str *word_texts;
	size_t words_capacity, word_texts_capacity;
	double *word_weights;		/* [n_words] when all are read: rare words tell more */

	struct ck_map type_numbers;
	struct ck_kind *types;
	size_t n_types, types_capacity;
	struct ck_map change_numbers;	/* both types, as bytes */
	const struct ck_change **changes;
	size_t n_changes, changes_capacity;

	struct ck_map part_numbers;	/* parts of names that units are in */
	size_t n_parts;
	struct ck_map votes;

	struct ck_move *moves;
	size_t n_moves, moves_capacity;
	size_t n_kept;			/* items of the source that keep everything */
	bool keeps_by_name;		/* they have statements of their own, because `rest` is mapped */
	struct ck_hints *hints;		/* the first is that of moves without */
	size_t n_hints, hints_capacity;
	bool failed;			/* memory was short for a buffer */
};

/* side.c: items, families and slots of a manifest. */
void ck_side_read(struct ck_maker *maker, uint32_t side, const struct ck_manifest *manifest);
/* Natural order: runs of digits compare as numbers, other bytes as bytes. */
int ck_natural_compare(struct ck_str a, struct ck_str b);
/* "f32[768,3072]", in the arena. */
struct ck_str ck_type_text(struct ck_maker *maker, uint32_t type);

/* words.c: names as words, which have numbers; digits are words too, with the highest bit set. */
enum { CK_WORD_NUMBER = 1u << 31, CK_MAX_WORDS = 24 };
/* Reads words of a name into the arena and counts them. */
void ck_words_read(struct ck_maker *maker, struct ck_str name, const uint32_t **ret_words, size_t *ret_n);
/* Sets word_weights when both sides are read. */
void ck_words_weigh(struct ck_maker *maker);
/* How alike two lists of words are, from 0 to 1: their longest common subsequence, rare words counting more. */
double ck_words_alike(const struct ck_maker *maker, const uint32_t *a, size_t n_a, const uint32_t *b, size_t n_b, bool with_numbers);
/* Better of names and full names. */
double ck_items_alike(const struct ck_maker *maker, const struct ck_item *a, const struct ck_item *b, bool with_numbers);
/* The words that two items have in common, "query, kernel"; at most six. In the arena. */
struct ck_str ck_words_shared(struct ck_maker *maker, const struct ck_item *a, const struct ck_item *b);
bool ck_item_has_word(const struct ck_maker *maker, const struct ck_item *item, const char *word);

/* change.c */
/* The one operator that makes `to` of `from`; kind is CK_CHANGE_NONE when there is none. NULL when memory is short. */
const struct ck_change *ck_change_find(struct ck_maker *maker, uint32_t from, uint32_t to);
/* The operator that joins n parts to one, or (to_parts) makes them of it; NULL when none does. */
const struct ck_change *ck_change_fused(struct ck_maker *maker, const uint32_t *parts, size_t n, uint32_t whole, bool to_parts);

/* unit.c: items that go together: those of a family that no move accounts for yet, or one item. */
enum { CK_MAX_ABOVE = 3 };
struct ck_unit {
	struct ck_item **items;
	size_t n;
	bool is_single;			/* then its numbers are words too */
	size_t number;			/* among the units of its side */
	uint32_t parent, scope, leaf;	/* parts of its name, interned: up to the last slash; to the last segment with a number; the rest */
	bool has_scope;
	uint32_t above[CK_MAX_ABOVE];	/* parts of its name that hold the parent, the nearest first */
	size_t n_above;
	uint64_t types, elems;		/* hashes of the sequence of types, of numbers of elements */
	bool done;
};

struct ck_units {
	struct ck_unit *items;
	size_t n;
};

struct ck_units ck_units_make(struct ck_maker *maker, uint32_t side, bool single);
/* Sets parent, scope, leaf by the unit's first item. */
void ck_unit_name_parts(struct ck_maker *maker, struct ck_unit *unit);

/* Units by a key of a letter and two numbers. A list that would be longer than CK_MAX_LISTED only counts what it leaves out. */
enum { CK_MAX_LISTED = 32 };
struct ck_unit_list {
	uint32_t *units;
	size_t n, capacity, n_more;
};

struct ck_unit_index {
	struct ck_maker *maker;
	const struct ck_units *units;
	struct ck_map lists;
	struct ck_unit_list **items;
	size_t n, capacity;
};

void ck_index_init(struct ck_unit_index *index, struct ck_maker *maker, const struct ck_units *units);
void ck_index_add(struct ck_unit_index *index, char kind, uint64_t a, uint64_t b, uint32_t unit);
/* NULL: there is none. */
struct ck_unit_list *ck_index_find(const struct ck_unit_index *index, char kind, uint64_t a, uint64_t b);

/* match.c: one to one. */
void ck_match_exact(struct ck_maker *maker);
void ck_match_all(struct ck_maker *maker);
/* A new move, or NULL. Its items are done. */
struct ck_move *ck_move_add(struct ck_maker *maker, const char *kind, struct ck_item *const *sources, size_t n_sources,
			    struct ck_item *const *targets, size_t n_targets);
/* What was decided votes for the same places, the same leaves, the same layers. */
void ck_vote(struct ck_maker *maker, const struct ck_unit *from, const struct ck_unit *to);
double ck_votes_for(const struct ck_maker *maker, const struct ck_unit *from, const struct ck_unit *to);

/* Pairs of units that are left and may belong together, with what would have to be done; those of one `from` follow each other. */
struct ck_candidate {
	struct ck_unit *from, *to;
	const struct ck_change *change;
	double score;
};
struct ck_candidate *ck_candidates_find(struct ck_maker *maker, struct ck_units *from, struct ck_units *to, size_t *ret_n);

/* fuse.c: several to one and one to several. role.c: counters. slot.c. */
void ck_match_fused(struct ck_maker *maker);
void ck_match_doubts(struct ck_maker *maker);	/* doubt.c */
void ck_match_roles(struct ck_maker *maker);
uint32_t ck_role_find(const struct ck_manifest *manifest, const struct ck_variable *variable);
/* "number of steps"; NULL for no role. */
const char *ck_role_name(uint32_t role);
void ck_match_slots(struct ck_maker *maker);
/* open.c: moves for all that is left, which do not fit. */
void ck_match_open(struct ck_maker *maker);

/* alone.c: the text without another checkpoint. scaffold.c. */
void ck_scaffold_alone(struct ck_maker *maker, struct ck_scaffold *scaffold);
struct ck_str ck_checkpoint_name(const struct ck_manifest *manifest);

/* A name as a pattern that matches only it, without quotes (pattern.c). In the arena. */
struct ck_str ck_quote_pattern(struct ck_maker *maker, struct ck_str name);

#endif
