/* What captures hold: equality for joins, order for over=. */
#include "vm/name.h"

/* Digits without the zeros in front; "0" gives "". */
static struct ck_str strip_zeros(struct ck_str digits)
{
	size_t n_zeros = 0;

	while (n_zeros < digits.n && digits.p[n_zeros] == '0')
		n_zeros++;
	return ck_str_slice(digits, n_zeros, digits.n);
}

static int compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Numbers of any length, as text. */
static int compare_digits(struct ck_str a, struct ck_str b)
{
	a = strip_zeros(a);
	b = strip_zeros(b);
	return a.n != b.n ? (a.n > b.n) - (a.n < b.n) : ck_str_compare(a, b);
}

/* "" and "_12" as digits. */
static struct ck_str uniq_digits(struct ck_str text)
{
	return ck_str_slice(text, 1, text.n);
}

int ck_binding_compare(const Ck__Plan__Local *local, const struct ck_binding *a, const struct ck_binding *b)
{
	switch ((enum ck_local_kind)local->kind) {
	case CK_LOCAL_INT:
		return compare_digits(a->text, b->text);
	case CK_LOCAL_UNIQ:
		return compare_digits(uniq_digits(a->text), uniq_digits(b->text));
	case CK_LOCAL_CHOICE:
		return (a->alternative > b->alternative) - (a->alternative < b->alternative);
	case CK_LOCAL_DIM:
	case CK_LOCAL_INDEX:
		return compare_numbers(a->number, b->number);
	case CK_LOCAL_TEXT:
	case CK_LOCAL_ONE:
	case CK_LOCAL_STAR:
	case CK_LOCAL_STARSTAR:
	case CK_LOCAL_CLASS:
		break;
	}
	return ck_str_compare(a->text, b->text);
}

bool ck_binding_equal(const Ck__Plan__Local *local, const struct ck_binding *a, const struct ck_binding *b)
{
	return ck_binding_compare(local, a, b) == 0;
}
