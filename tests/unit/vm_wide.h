/* Whether long doubles are more exact than doubles. Under valgrind they are not, which leaves references that use them less to say. */
#ifndef CK_TESTS_UNIT_VM_WIDE_H
#define CK_TESTS_UNIT_VM_WIDE_H

#include <stdbool.h>

static inline bool long_doubles_are_wide(void)
{
	volatile long double one = 1, little = 0x1p-60L;

	return one + little != one;
}

#endif
