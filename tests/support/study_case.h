/* A small study, and what tests do with studies: run them, and read their rows. */
#ifndef TB_STUDY_CASE_H
#define TB_STUDY_CASE_H

#include "study_run.h"

/** Study "small" of 24 x 5 x 2 points; strides that pass the window make no sense. */
extern const char tb_test_small_suite[];

/** A study of a suite's text; options may be NULL. */
tb_study *tb_test_study_load(const char *text, const tb_study_options *options);

/** Where its rows are kept, made where it is not there. */
tb_study_store *tb_test_study_store(const char *path, const tb_study *study);

/** Run it to its end, in this process alone; batch 0: by itself. */
tb_status tb_test_study_run(const tb_study *study, const char *path, int threads, int64_t batch,
                            tb_error *err);

/** All rows of a study as CSV, malloc'd. */
char *tb_test_study_rows(const char *path, const char *study);

/** Fails the test where its rows are others than these. */
void tb_test_study_same_rows(const char *path, const char *study, const char *expected);

#endif
