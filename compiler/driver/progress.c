/* A line on standard error that says how far a run is. */
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "compiler/driver/driver.h"

enum progress_word { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };	/* the words of --progress */

#define SECOND INT64_C(1000000000)

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

void ck_progress_begin(struct ck_progress *progress, const struct ck_driver *driver)
{
	size_t word = ck_option_word(&driver->options, CK_OPTION_PROGRESS);
	*progress = (struct ck_progress){.is_terminal = isatty(STDERR_FILENO), .always = word == PROGRESS_ALWAYS};
	progress->enabled = progress->always || (word == PROGRESS_AUTO && progress->is_terminal && !driver->quiet);
	progress->begin_ns = now_ns();
}

void ck_progress_show(void *context, uint64_t n_done, uint64_t n_all)
{
	struct ck_progress *progress = context;
	int64_t now = now_ns(), pause = progress->is_terminal ? SECOND / 10 : SECOND;
	if (!progress->enabled || (!progress->always && now - progress->begin_ns < SECOND) ||
	    (progress->shown && now - progress->last_ns < pause))
		return;
	double seconds = (double)(now - progress->begin_ns) / (double)SECOND, rate = seconds > 0 ? (double)n_done / seconds : 0;
	struct ck_buf line = {0};
	ck_buf_printf(&line, "%s%3.0f%%  ", progress->is_terminal ? "\r\33[K" : "", n_all ? 100.0 * (double)n_done / (double)n_all : 100.0);
	ck_buf_size(&line, n_done);
	ck_buf_str(&line, CK_STR(" of "));
	ck_buf_size(&line, n_all);
	if (rate > 0 && n_done < n_all) {
		ck_buf_str(&line, CK_STR(", "));
		ck_buf_size(&line, (uint64_t)rate);
		ck_buf_printf(&line, "/s, %.0f s left", (double)(n_all - n_done) / rate);
	}
	if (!progress->is_terminal)
		ck_buf_char(&line, '\n');
	(void)!ck_output_write(STDERR_FILENO, ck_buf_view(&line));
	ck_buf_clear(&line);
	progress->shown = true;
	progress->last_ns = now;
}

void ck_progress_end(struct ck_progress *progress)
{
	if (progress->shown && progress->is_terminal)
		(void)!ck_output_write(STDERR_FILENO, CK_STR("\r\33[K"));
	progress->enabled = false;
}
