#include "tests/unit/vm_value.h"

/* The result, results joined by "; ", or the number of a code and a part of the message, and after | of the help. */
static const struct row {
	const char *call, *operands, *result;
} rows[] = {
	{ "[](indexes=[[0, 2, none], -1])", "f32[4,5,6]", "f32[2, 6]" },
	{ "[](indexes=[[none, none, -1]])", "f32[4]", "f32[4]" },
	{ "[](indexes=[[none, none, none], 0])", "_[...]", "_[...]" },
	{ "[](indexes=[[0, 9, none]])", "f32[_,3]", "f32[_, 3]" },
	{ "[](indexes=[4])", "f32[4,5]", "E0306 index 4 of axis 0, which has 4 elements" },
	{ "[](indexes=[-5])", "f32[4]", "E0306 index -5" },
	{ "[](indexes=[0, 0])", "f32[4]", "E0302 2 indexes for a tensor with 1 axis" },
	{ "[](indexes=[[0, 1, 0]])", "f32[4]", "E0306 step 0" },
	{ "[](indexes=['x'])", "f32[4]", "E0206 integer" },
	{ "[](indexes=[0])", "string[4]", "E0214 strings" },
	{ "[](indexes=[0])", "variant[4]", "E0301 variant" },

	{ "slice(0, 1, 3)", "f32[4,5]", "f32[2, 5]" },
	{ "slice(axis=-1, start=0, stop=100, step=2)", "i64[4,5]", "i64[4, 3]" },
	{ "slice(0, 3, 1)", "f32[4]", "f32[0]" },
	{ "slice(1, 3, 1)", "f32[...]", "f32[...]" },
	{ "slice(0, 3, 1, 0)", "f32[4]", "E0306 step 0" },
	{ "slice(2, 0, 1)", "f32[4,5]", "E0303 axis 2 of a tensor with 2 axes | from 0 to 1" },
	{ "slice(0, 0, 1)", "f32[]", "E0303 axis 0 of a tensor with 0 axes | unsqueeze" },

	{ "transpose", "f32[2,3,4]", "f32[4, 3, 2]" },
	{ "transpose(1, 0)", "bool[2,3]", "bool[3, 2]" },
	{ "transpose(-1, 0)", "f32[2,_]", "f32[_, 2]" },
	{ "transpose(1, 0)", "f32[...]", "f32[_, _]" },
	{ "transpose", "_[...]", "_[...]" },
	{ "transpose", "f32[]", "f32[]" },
	{ "transpose(0)", "f32[2,3]", "E0302 names 1 axis of a tensor with 2 | once" },
	{ "transpose(0, 0)", "f32[2,3]", "E0303 names axis 0 twice" },
	{ "transpose(0, 2)", "f32[2,3]", "E0303 axis 2 of a tensor with 2 axes" },

	{ "reshape(3, 2)", "f32[2,3]", "f32[3, 2]" },
	{ "reshape(-1)", "f32[2,3]", "f32[6]" },
	{ "reshape(3, -1)", "f32[2,_]", "f32[3, _]" },
	{ "reshape(0, 5)", "f32[0,7]", "f32[0, 5]" },
	{ "reshape()", "f32[1,1]", "f32[]" },
	{ "reshape(2, 2)", "string[4]", "string[2, 2]" },
	{ "reshape(4, 2)", "f32[2,3]", "E0304 [2, 3] has 6 elements, reshape to [4, 2] wants 8 | -1" },
	{ "reshape(4, -1)", "f32[2,3]", "E0304 [2, 3] has 6 elements, which 4" },
	{ "reshape(0, -1)", "f32[0]", "E0304 -1 cannot be computed" },
	{ "reshape(-1, -1)", "f32[4]", "E0206 -1 stands twice" },
	{ "reshape(-2)", "f32[4]", "E0306 -2" },
	{ "reshape(9223372036854775807, 2)", "f32[4]", "E0306 2^63" },
	{ "reshape(4)", "variant[4]", "E0301 variant" },

	{ "squeeze(0)", "f32[1,3]", "f32[3]" },
	{ "squeeze(-1)", "string[3,1]", "string[3]" },
	{ "squeeze(0)", "f32[_,3]", "f32[3]" },
	{ "squeeze(0)", "f32[...]", "f32[...]" },
	{ "squeeze(0)", "f32[3,1]", "E0304 axis 0 of [3, 1] has 3 elements, squeeze wants 1 | axis=1 would fit" },
	{ "squeeze(0)", "f32[3,2]", "E0304 squeeze wants 1 | has none" },
	{ "unsqueeze(0)", "f32[3]", "f32[1, 3]" },
	{ "unsqueeze(-1)", "string[3]", "string[3, 1]" },
	{ "unsqueeze(0)", "f32[]", "f32[1]" },
	{ "unsqueeze(1)", "f32[...]", "f32[...]" },
	{ "unsqueeze(3)", "f32[3]", "E0303 axis 3 of a tensor with 2 axes" },

	{ "flip(0)", "c64[3,2]", "c64[3, 2]" },
	{ "flip(2)", "f32[3,2]", "E0303 axis 2" },
	{ "roll(0, -7)", "i4[3]", "i4[3]" },
	{ "roll(1, 1)", "f32[3]", "E0303 axis 1 of a tensor with 1 axis | its one axis is 0" },
	{ "flip(0)", "string[3]", "E0214 strings" },

	{ "concat(axis=1)", "f32[2,3] f32[2,4]", "f32[2, 7]" },
	{ "concat(axis=-1)", "f32[2,_] f32[2,4]", "f32[2, _]" },
	{ "concat(axis=0)", "f32[2,_] f32[...] _[3,4]", "f32[_, 4]" },
	{ "concat(axis=0)", "f32[2]", "f32[2]" },
	{ "concat(axis=1)", "f32[...] f32[...]", "f32[...]" },
	{ "concat(axis=0)", "f32[2,3] f32[2,3] f32[2,4]", "E0304 axis 1 has 4 elements in member 3, [2, 4], and 3 | axis=1 would fit" },
	{ "concat(axis=0)", "f32[2,3] f32[3,4]", "E0304 axis 1 | pad or grow" },
	{ "concat(axis=0)", "f32[2] bf16[2]", "E0301 member 1 is f32 and member 2 is bf16 | cast(f32)" },
	{ "concat(axis=0)", "f32[2] f32[2,1]", "E0302 member 1 is [2] and member 2 is [2, 1] | unsqueeze" },
	{ "concat(axis=0)", "f32[] f32[]", "E0302 scalars | stack(axis=0)" },
	{ "concat(axis=2)", "f32[2,3] f32[2,3]", "E0303 axis 2" },
	{ "concat(axis=0)", "u8[9223372036854775807] u8[1]", "E0306 2^63" },
	{ "concat(axis=0)", "f32[2] variant[2]", "E0301 variant" },
	{ "concat(axis=0)", "string[2] string[2]", "E0214 strings" },
	{ "stack(axis=0)", "f32[2,3] f32[2,3]", "f32[2, 2, 3]" },
	{ "stack(axis=-1)", "f32[2] f32[_] f32[2]", "f32[2, 3]" },
	{ "stack(axis=0)", "f32[] f32[]", "f32[2]" },
	{ "stack(axis=0)", "f32[...] f32[...]", "f32[...]" },
	{ "stack(axis=0)", "f32[2,3] f32[2,4]", "E0304 axis 1 has 4 elements in member 2 | concat(axis=1) would fit" },
	{ "stack(axis=3)", "f32[2,3] f32[2,3]", "E0303 axis 3 of a tensor with 3 axes" },

	{ "split(axis=1, parts=2)", "f32[2,4]", "f32[2, 2]; f32[2, 2]" },
	{ "split(axis=0, sizes=[1, 3])", "f32[4]", "f32[1]; f32[3]" },
	{ "split(axis=0, parts=2)", "f32[_]", "f32[_]; f32[_]" },
	{ "split(axis=0, sizes=[1, 3])", "f32[...]", "f32[...]; f32[...]" },
	{ "split(axis=0, parts=3)", "f32[10]", "E0304 axis 0 of [10] has 10 elements, which 3 parts do not divide | sizes=[4, 3, 3]" },
	{ "split(axis=0, sizes=[1, 2])", "f32[4]", "E0304 add up to 3, axis 0 of [4] has 4" },
	{ "split(axis=0, sizes=[5, -1])", "f32[4]", "E0306 a part of -1" },
	{ "split(axis=0, sizes=[])", "f32[4]", "E0206 no parts" },
	{ "split(axis=0, parts=0)", "f32[4]", "E0306 0 parts" },
	{ "split(axis=0, parts=9999999999)", "f32[_]", "E0306 parts" },
	{ "split(axis=0)", "f32[4]", "E0206 neither" },
	{ "split(axis=0, parts=2, sizes=[2, 2])", "f32[4]", "E0206 both" },
	{ "split(axis=0, parts=2)", "f32[4] f32[4]", "E0215 one value" },
	{ "unstack(axis=0)", "f32[2,3]", "f32[3]; f32[3]" },
	{ "unstack(axis=-1)", "f32[2]", "f32[]; f32[]" },
	{ "unstack(axis=0)", "f32[_]", "" },
	{ "unstack(axis=0)", "f32[...]", "" },
	{ "unstack(axis=0)", "f32[0]", "E0304 no elements" },
	{ "unstack(axis=1)", "f32[3]", "E0303 axis 1" },
	{ "pick(1)", "f32[2] bf16[3]", "bf16[3]" },
	{ "pick(-2)", "string[2] bf16[3]", "string[2]" },
	{ "pick(2)", "f32[2] f32[3]", "E0306 pick(2) of a tuple with 2 members | from 0 to 1" },

	{ "take(0, [2, 0, -1])", "f32[3,4]", "f32[3, 4]" },
	{ "take(axis=1, indices=[0])", "f32[3,_]", "f32[3, 1]" },
	{ "take(0, [])", "f32[3]", "f32[0]" },
	{ "take(0, file='order.txt')", "f32[3,4]", "f32[_, 4]" },
	{ "take(0, [0])", "f32[...]", "f32[...]" },
	{ "take(0, [0, 3])", "f32[3]", "E0306 index 3 (number 1 of the list) of axis 0, which has 3" },
	{ "take(0, [0.5])", "f32[3]", "E0206 integers" },
	{ "take(0)", "f32[3]", "E0206 neither" },
	{ "take(0, [0], file='x')", "f32[3]", "E0206 both" },
	{ "take(1, [0])", "f32[3]", "E0303 axis 1" },

	{ "pad(0, before=1, after=2)", "f32[3,4]", "f32[6, 4]" },
	{ "pad(0, multiple=128, with=const(1))", "i32[129]", "i32[256]" },
	{ "pad(0, multiple=128)", "f32[0]", "f32[0]" },
	{ "pad(0, after=2, with=mean)", "bf16[_,4]", "bf16[_, 4]" },
	{ "pad(0, after=-1)", "f32[3]", "E0306 pad by -1; to cut write slice" },
	{ "pad(0, after=1, multiple=2)", "f32[3]", "E0206 not both" },
	{ "pad(0, multiple=0)", "f32[3]", "E0306 multiple of 0" },
	{ "pad(0, after=9223372036854775807)", "u8[3]", "E0306 2^63" },
	{ "pad(0, after=1, with=mean)", "i32[3]", "E0301 `mean` makes floating" },
	{ "pad(0, after=1, with=mean)", "f32[0]", "E0304 no mean" },
	{ "pad(0, after=1, with=const(0.5))", "i32[3]", "E0301 const(0.5) is no value of i32" },
	{ "pad(1, after=1)", "f32[3]", "E0303 axis 1" },
	{ "grow(0, 5)", "f32[3,4]", "f32[5, 4]" },
	{ "grow(axis=-1, to=5, with=normal(0, 0.02))", "f32[3,_]", "f32[3, 5]" },
	{ "grow(axis=0, to=5, with=template)", "f32[3]", "f32[5]" },
	{ "grow(0, 2)", "f32[3,4]", "E0306 grow to 2, but axis 0 of [3, 4] has 3 elements already | slice(axis=0, start=0, stop=2)" },
	{ "grow(0, -2)", "f32[...]", "E0306 grow to -2" },
	{ "grow(0, 5, with=normal(0, -1))", "f32[3]", "E0206 deviation of -1" },
	{ "grow(0, 5, with=uniform(1, 0))", "f32[3]", "E0206 lower end" },
	{ "grow(0, 5, with=uniform(0, 1))", "i8[3]", "E0301 makes floats" },
	{ "grow(0, 5, with=const(256))", "u8[3]", "E0301 const(256) is no value of u8" },
	{ "grow(0, 5, with=const(-9))", "i4[3]", "E0301 const(-9)" },
	{ "grow(0, 5, with=const(-8))", "i4[3]", "i4[5]" },
	{ "grow(0, 5, with=const(65505.0))", "f16[3]", "E0301 const(65505)" },
	{ "grow(0, 5, with=const(2))", "bool[3]", "E0301 const(2)" },
	{ "grow(0, 5, with=eye)", "f32[3]", "E0302 at least 2 axes" },
	{ "grow(0, 5, with=like)", "f32[3]", "E0214 `like`" },
	{ "grow(2, 5)", "f32[3]", "E0303 axis 2" },

	{ "tile(0, 3)", "f32[2,4]", "f32[6, 4]" },
	{ "repeat(1, 3)", "f32[2,_]", "f32[2, _]" },
	{ "tile(0, 0)", "f32[2]", "E0306 0 times" },
	{ "repeat(0, 9223372036854775807)", "u8[2]", "E0306 2^63" },
	{ "tile(0, 4611686018427387904)", "f32[1]", "E0306 2^63 bytes" },
	{ "repeat(1, 2)", "f32[2]", "E0303 axis 1" },

	{ "cast(bf16)", "f32[2]", "bf16[2]" },
	{ "cast(u4, overflow=saturate)", "bool[...]", "u4[...]" },
	{ "cast(c128)", "c64[2]", "c128[2]" },
	{ "cast(c64)", "f64[2]", "c64[2]" },
	{ "cast(f32)", "_[2]", "f32[2]" },
	{ "cast(f32)", "c64[2]", "E0301 imaginary | complex" },
	{ "cast(string)", "f32[2]", "E0301 not string" },
	{ "cast(f32)", "string[2]", "E0301 `cast` wants numbers, here is string" },
	{ "scale(2)", "string[]", "E0301 `scale` wants numbers, here is string" },
	{ "cast(f32)", "variant[2]", "E0301 variant" },
	{ "cast(f32, overflow=wrap)", "f64[2]", "E0206 error|saturate|allow" },

	{ "scale(0.5)", "f16[2]", "f16[2]" },
	{ "scale(2)", "c64[...]", "c64[...]" },
	{ "scale(2)", "i32[2]", "E0301 `scale` wants a floating or complex dtype, here is i32 | cast(f32)" },
	{ "shift(1)", "f32[2]", "f32[2]" },
	{ "shift(1)", "bool[2]", "E0301 bool" },
	{ "shift('x')", "f32[2]", "E0206 `x` wants a number, found text" },
	{ "neg", "f32[2,3]", "f32[2, 3]" },
	{ "neg", "u8[...]", "u8[...]" },
	{ "neg", "_[2]", "_[2]" },
	{ "neg", "bool[2]", "E0301 `neg` wants numbers, here is bool | cast(f32)" },
	{ "neg", "string[2]", "E0301 here is string" },

	{ "add", "f32[2,3] f32[3]", "f32[2, 3]" },
	{ "add", "i32[2,1] i32[1,5]", "i32[2, 5]" },
	{ "add", "f32[_,3] f32[2,1]", "f32[2, 3]" },
	{ "add", "f32[...] f32[2]", "f32[...]" },
	{ "add", "f32[2,3] f32[2]", "E0304 [2, 3] and [2] do not broadcast: 3 against 2 | from the last" },
	{ "add", "f32[2] f64[2]", "E0301 member 1 is f32 and member 2 is f64 | cast(f32)" },
	{ "add", "bool[2] bool[2]", "E0301 `add` wants numbers" },
	{ "add", "f32[2] f32[2] f32[2]", "E0215 wants two members, here are 3" },
	{ "mean", "f32[2] f32[2]", "f32[2]" },
	{ "mean(axis=0)", "bf16[2,3]", "bf16[3]" },
	{ "mean(axis=0)", "f32[...]", "f32[...]" },
	{ "mean(weights=[1, 0.5])", "f32[2] f32[_]", "f32[2]" },
	{ "mean(axis=1, weights=[1, 2, 3])", "f32[2,3]", "f32[2]" },
	{ "mean", "f32[2] f32[3]", "E0304 axis 0 has 3 elements in member 2" },
	{ "mean", "i32[2] i32[2]", "E0301 here is i32" },
	{ "mean(axis=0)", "f32[0]", "E0304 no mean" },
	{ "mean(axis=0)", "f32[2] f32[2]", "E0206 not both" },
	{ "mean(weights=[1])", "f32[2] f32[2]", "E0304 1 weight for 2 members" },
	{ "mean(weights=[1, -1])", "f32[2] f32[2]", "E0206 add up to 0" },
	{ "mean(weights=['x', 1])", "f32[2] f32[2]", "E0206 numbers" },
	{ "mean(axis=2)", "f32[2]", "E0303 axis 2" },

	{ "rearrange('a b -> b a')", "f32[2,3]", "f32[3, 2]" },
	{ "rearrange('d (three h k) -> three h d k', three=3, h=12)", "f32[768,2304]", "f32[3, 12, 768, 64]" },
	{ "rearrange('a b -> (a b)')", "f32[2,_]", "f32[_]" },
	{ "rearrange('a b -> (b a) 1')", "f32[2,3]", "f32[6, 1]" },
	{ "rearrange('1 a () -> a')", "f32[1,3,1]", "f32[3]" },
	{ "rearrange('... a -> a ...')", "f32[2,3,4]", "f32[4, 2, 3]" },
	{ "rearrange('a ... b -> a (...) b')", "f32[2,3,4,5]", "f32[2, 12, 5]" },
	{ "rearrange('a ... -> (...) a')", "f32[2]", "f32[1, 2]" },
	{ "rearrange('... a -> a ...')", "f32[...]", "f32[...]" },
	{ "rearrange('a (b c) -> c a b', b=4)", "f32[...]", "f32[_, _, 4]" },
	{ "rearrange('->')", "f32[]", "f32[]" },
	{ "rearrange('a b -> a b', a=2)", "f32[_,3]", "f32[2, 3]" },
	{ "rearrange('a (b c) -> c a b', b=5)", "f32[2,12]", "E0304 axis 1 of [2, 12] has 12 elements, which is no multiple of 5" },
	{ "rearrange('a (b c) -> c a b', b=5, c=2)", "f32[2,12]", "E0304 multiply to 10" },
	{ "rearrange('a (b c) -> c a b')", "f32[2,12]", "E0206 neither `b` nor `c` has a size | c=2" },
	{ "rearrange('a b -> a')", "f32[2,12]", "E0206 `b` stands only on the left | squeeze" },
	{ "rearrange('a -> a b')", "f32[2]", "E0206 `b` stands only on the right | write 1" },
	{ "rearrange('a a -> a')", "f32[2,2]", "E0206 `a` stands twice" },
	{ "rearrange('a b')", "f32[2,2]", "E0206 no `->`" },
	{ "rearrange('(a (b)) -> a b')", "f32[2]", "E0206 inside parentheses" },
	{ "rearrange('(a b -> a b')", "f32[2]", "E0206 does not close" },
	{ "rearrange('a) -> a')", "f32[2]", "E0206 not open" },
	{ "rearrange('a 2 -> a')", "f32[2,2]", "E0206 only number there is 1" },
	{ "rearrange('a-b -> a')", "f32[2,2]", "E0206 character" },
	{ "rearrange('... a -> a')", "f32[2,2]", "E0206 one side only" },
	{ "rearrange('(...) a -> ... a')", "f32[2,2]", "E0206 inside parentheses on the left" },
	{ "rearrange('... ... -> ...')", "f32[2,2]", "E0206 twice" },
	{ "rearrange('a b -> b a', c=2)", "f32[2,2]", "E0206 `c` is given a size" },
	{ "rearrange('a b -> b a', a=0)", "f32[2,2]", "E0306 the size 0" },
	{ "rearrange('a b -> b a', a=3)", "f32[2,2]", "E0304 axis 0 of [2, 2] has 2 elements, the sizes given" },
	{ "rearrange('a b -> b a')", "f32[2,2,2]", "E0302 2 axes on the left, the tensor is [2, 2, 2]" },
	{ "rearrange('a b ... -> b a ...')", "f32[2]", "E0302 at least 2 axes" },
	{ "rearrange('a 1 -> a')", "f32[2,2]", "E0304 wants 1" },
	{ "rearrange('a b -> b a', a='x')", "f32[2,2]", "E0206 wants an integer" },
	{ "rearrange(7)", "f32[2,2]", "E0206 `pattern` wants text, found an integer" },

	/* What is not known yet. */
	{ "grow(0, ?)", "f32[3]", "_[...]" },
	{ "reshape(?, 3)", "f32[3]", "_[...]" },
	{ "split(0, parts=?)", "f32[3]", "" },
	{ "concat(axis=?)", "f32[3] f32[3]", "_[...]" },
	{ "abs", "f32[2]", "E0214 `abs` is not available" },
	{ "flip", "f32[2]", "E0206 `flip` needs `axis`" },
	{ "flip(0.5)", "f32[2]", "E0206 `axis` wants an integer, found a float" },
};

static struct ck_arena *arena;

static void set_up(void)
{
	arena = ck_arena_new((size_t)64 << 20);
}

static void tear_down(void)
{
	ck_arena_free(arena);
}

TestSuite(vm_infer, .init = set_up, .fini = tear_down);

static const char *results_text(const struct ck_type *results, size_t n)
{
	struct ck_buf buf = { 0 };
	struct ck_str text;

	for (size_t i = 0; i < n; i++) {
		ck_buf_str(&buf, i ? CK_STR("; ") : CK_STR(""));
		ck_buf_type(&buf, &results[i]);
	}
	text = ck_str_copy(arena, ck_buf_view(&buf));
	ck_buf_clear(&buf);
	return text.p ? text.p : "";
}

/* "E0304 part of the message | part of the help" */
static bool message_fits(const struct ck_infer *infer, enum ck_code code, const char *wanted)
{
	const char *bar = strstr(wanted, " | ");
	struct ck_str part = bar ? (struct ck_str){ wanted + 6, (size_t)(bar - wanted - 6) } : ck_str(wanted + 6);
	struct ck_str part_copy = ck_str_copy(arena, part);

	return ck_str_equal(ck_str(ck_code_number(code)), ck_str_slice(ck_str(wanted), 0, 5)) && strstr(infer->message.p, part_copy.p) &&
	       (!bar || (infer->help.p && strstr(infer->help.p, bar + 3)));
}

Test(vm_infer, table)
{
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		struct ck_infer infer = { .arena = arena };
		struct ck_value *args;
		struct ck_type *operands, *results = NULL;
		size_t n_results = 0;
		enum ck_code code;

		infer.op = read_call(arena, rows[i].call, &args);
		infer.args = args;
		infer.n_operands = read_types(arena, rows[i].operands, &operands);
		infer.operands = operands;
		code = ck_op_infer(&infer, &results, &n_results);
		if (rows[i].result[0] == 'E') {
			cr_expect_neq(code, CK_OK, "%s of %s should fail", rows[i].call, rows[i].operands);
			if (code != CK_OK)
				cr_expect(message_fits(&infer, code, rows[i].result), "%s of %s: %s %s | %s", rows[i].call, rows[i].operands,
					  ck_code_number(code), infer.message.p, infer.help.p ? infer.help.p : "");
			continue;
		}
		cr_expect_eq(code, CK_OK, "%s of %s: %s", rows[i].call, rows[i].operands, infer.message.p ? infer.message.p : "");
		if (code == CK_OK)
			cr_expect_str_eq(results_text(results, n_results), rows[i].result, "%s of %s", rows[i].call, rows[i].operands);
	}
}

Test(vm_infer, every_available_operator_has_good_and_bad_rows)
{
	for (size_t i = 0; ck_op_at(i); i++) {
		const struct ck_op_info *op = ck_op_at(i);
		size_t n_good = 0, n_bad = 0;

		if (op->state == CK_STATE_LATER || op->arity == CK_ARITY_MACHINE)
			continue;
		for (size_t j = 0; j < CK_COUNT(rows); j++)
			if (strncmp(rows[j].call, op->name, strlen(op->name)) == 0) {
				n_good += rows[j].result[0] != 'E';
				n_bad += rows[j].result[0] == 'E';
			}
		cr_expect(n_good && n_bad, "%s: %zu good rows and %zu bad ones", op->name, n_good, n_bad);
	}
}

static struct ck_value bound_of(int64_t x)
{
	return (struct ck_value){ .kind = x == INT64_MAX ? CK_EXPR_NONE : CK_EXPR_INT, .integer = x };
}

/* Against the definition: range(*slice(start, stop, step).indices(n)). */
Test(vm_infer, slices_against_the_definition)
{
	static const int64_t bounds[] = { INT64_MAX, INT64_MIN, -100, -6, -5, -4, -1, 0, 1, 3, 4, 5, 6, 100 };
	static const int64_t steps[] = { INT64_MAX, INT64_MIN, -7, -3, -2, -1, 1, 2, 3, 7 };

	for (int64_t n = 0; n < 6; n++)
		for (size_t i = 0; i < CK_COUNT(bounds); i++)
			for (size_t j = 0; j < CK_COUNT(bounds); j++)
				for (size_t k = 0; k < CK_COUNT(steps); k++) {
					struct ck_value start = bound_of(bounds[i]), stop = bound_of(bounds[j]), step = bound_of(steps[k]);
					__int128 by = step.kind == CK_EXPR_NONE ? 1 : step.integer, at, end;
					__int128 low = by < 0 ? -1 : 0, high = by < 0 ? n - 1 : n;
					int64_t first, ret_step, count, expected = 0;

					at = start.kind == CK_EXPR_NONE ? (by < 0 ? high : low) : (__int128)start.integer + (start.integer < 0 ? n : 0);
					end = stop.kind == CK_EXPR_NONE ? (by < 0 ? low : high) : (__int128)stop.integer + (stop.integer < 0 ? n : 0);
					at = at < low ? low : at > high ? high : at;
					end = end < low ? low : end > high ? high : end;
					cr_assert(ck_slice_resolve(&start, &stop, &step, n, &first, &ret_step, &count));
					for (; by < 0 ? at > end : at < end; at += by, expected++)
						cr_assert(expected >= count || at == (__int128)first + (__int128)ret_step * expected,
							  "n %lld, %zu %zu %zu", (long long)n, i, j, k);
					cr_assert_eq(count, expected, "n %lld, %zu %zu %zu: %lld", (long long)n, i, j, k, (long long)count);
				}
	struct ck_value none = { 0 }, zero = { .kind = CK_EXPR_INT };
	int64_t first, step, count;

	cr_assert_not(ck_slice_resolve(&none, &none, &zero, 4, &first, &step, &count));
}

Test(vm_infer, rearrange_as_reshape_transpose_reshape)
{
	static const struct {
		const char *call, *operand, *split, *permutation, *final;
	} cases[] = {
		{ "rearrange('a b -> b a')", "f32[2,3]", "2 3", "1 0", "3 2" },
		{ "rearrange('d (three h k) -> three h d k', three=3, h=12)", "f32[768,2304]", "768 3 12 64", "1 2 0 3", "3 12 768 64" },
		{ "rearrange('a ... b 1 -> b (... a) 1')", "f32[2,3,4,5,1]", "2 3 4 5", "3 1 2 0", "5 24 1" },
		{ "rearrange('->')", "f32[]", "", "", "" },
	};

	for (size_t i = 0; i < CK_COUNT(cases); i++) {
		struct ck_infer infer = { .arena = arena };
		struct ck_rearrange rearrange = { 0 };
		struct ck_value *args;
		struct ck_type *operands;
		struct ck_buf split = { 0 }, permutation = { 0 }, final = { 0 };

		infer.op = read_call(arena, cases[i].call, &args);
		infer.args = args;
		infer.n_operands = read_types(arena, cases[i].operand, &operands);
		infer.operands = operands;
		cr_assert_eq(ck_rearrange_resolve(&infer, &rearrange), CK_OK, "%s", cases[i].call);
		for (size_t j = 0; j < rearrange.n_split; j++) {
			ck_buf_printf(&split, "%s%lld", j ? " " : "", (long long)rearrange.split[j]);
			ck_buf_printf(&permutation, "%s%zu", j ? " " : "", rearrange.permutation[j]);
		}
		for (size_t j = 0; j < rearrange.n_final; j++)
			ck_buf_printf(&final, "%s%lld", j ? " " : "", (long long)rearrange.final[j]);
		cr_expect(ck_str_equal(ck_buf_view(&split), ck_str(cases[i].split)), "%s: %.*s", cases[i].call, (int)split.n, split.p);
		cr_expect(ck_str_equal(ck_buf_view(&permutation), ck_str(cases[i].permutation)), "%s", cases[i].call);
		cr_expect(ck_str_equal(ck_buf_view(&final), ck_str(cases[i].final)), "%s", cases[i].call);
		ck_buf_clear(&split);
		ck_buf_clear(&permutation);
		ck_buf_clear(&final);
	}
}

Test(vm_infer, many_axes)
{
	struct ck_buf text = { 0 };
	struct ck_infer infer = { .arena = arena };
	struct ck_type *operands, *results;
	struct ck_value *args;
	size_t n;

	ck_buf_str(&text, CK_STR("f32["));
	for (int i = 0; i < CK_MAX_RANK; i++)
		ck_buf_str(&text, CK_STR("1,"));
	ck_buf_str(&text, CK_STR("]"));
	ck_buf_char(&text, '\0');
	infer.n_operands = read_types(arena, text.p, &operands);
	infer.operands = operands;
	infer.op = read_call(arena, "unsqueeze(0)", &args);
	infer.args = args;
	cr_expect_eq(ck_op_infer(&infer, &results, &n), CK_RANK, "%.*s", CK_STR_ARG(infer.message));
	infer.op = read_call(arena, "transpose", &args);
	infer.args = args;
	cr_expect_eq(ck_op_infer(&infer, &results, &n), CK_OK);
	ck_buf_clear(&text);
}
