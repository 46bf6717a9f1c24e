/* Choosing variables of a checkpoint by what somebody typed. */
#ifndef CK_DRIVER_SELECT_H
#define CK_DRIVER_SELECT_H

#include "compiler/driver/driver.h"
#include "vm/name.h"

/* A pattern of the language from the command line. */
struct ck_selector {
	struct ck_matcher *matcher;
	Ck__Plan__Pattern *pattern;
	struct ck_binding *bindings, *second;
	struct ck_str text;
	size_t n_matched;
};

/* Compiles PATTERN, which may begin with "full:" or "path:". @errors CK_BAD_PATTERN, CK_NOMEM */
CK_NODISCARD enum ck_code ck_selector_init(struct ck_driver *driver, struct ck_str text, struct ck_selector *ret_selector);
/* Does a variable match? Counts. */
CK_NODISCARD bool ck_selector_match(struct ck_driver *driver, struct ck_selector *selector, const struct ck_manifest *manifest,
				    const struct ck_variable *variable);

/* The CK_NO_VARIABLE error that nothing is called so, with the nearest names (of slots too when there is an @). */
enum ck_code ck_no_variable(struct ck_driver *driver, const struct ck_manifest *manifest, struct ck_str text);
/* Numbers of all variables but the object graph, by name, a variable's slots after it. NULL when memory is short. */
size_t *ck_sorted_variables(struct ck_driver *driver, const struct ck_manifest *manifest, size_t *ret_n);

#endif
