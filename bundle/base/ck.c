#include "bundle/base/ck.h"

#include <stdio.h>
#include <stdlib.h>

void ck_assert_failed(const char *truth, const char *file, int line)
{
	fprintf(stderr, "ckmig: a bug: %s:%d: not true: %s\n", file, line, truth);
	abort();
}
