/* Commands run in this process, as main() does it, in a folder that is emptied after each input. */
#ifndef CK_TESTS_FUZZ_COMMANDS_H
#define CK_TESTS_FUZZ_COMMANDS_H

#include "bundle/base/arena.h"
#include "bundle/base/diag.h"

enum { COMMANDS_MEMORY = 512 << 20, COMMANDS_MAX_OUTPUT = 4 << 20 };

/* What holds of every text for people: no control character gets through from names and texts. */
void check_text(struct ck_str text);

/* One value, and nothing else. */
void check_json(struct ck_str text);

/* An error has a message, and a message is an error; all formats can print them. */
void check_diags(struct ck_diags *diags, enum ck_code code);

struct arguments {
	char *list[32];
	int n;
};

/* The text is borrowed. */
void add_argument(struct arguments *arguments, const char *text);

/* Runs a command line; *ret_differs (may be NULL) is its exit code 1. */
enum ck_code run_command(struct arguments *arguments, bool *ret_differs);

/* The same, of words up to a NULL. */
enum ck_code run_words(const char *const *words);

#define RUN(...) run_words((const char *const[]){ __VA_ARGS__, NULL })

/* ---- the folder */

/* What is there after an input is deleted. */
void empty_scratch(void);

/* Makes a folder, goes there, and deletes it at exit; it is in memory where there is such a place. */
void enter_scratch(void);

#endif
