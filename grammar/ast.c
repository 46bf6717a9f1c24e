/* Places inside string literals. */
#include "grammar/ast.h"

struct ck_span ck_ast_string_span(const struct ck_ast_string *string, size_t begin, size_t end)
{
	struct ck_span span = string->span;

	end = end < string->text.n ? end : string->text.n;
	begin = begin < end ? begin : end;
	span.end = span.begin + (string->offsets ? string->offsets[end] : (uint32_t)end + 1);
	span.begin += string->offsets ? string->offsets[begin] : (uint32_t)begin + 1;
	return span;
}
