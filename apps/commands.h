/**
 * @file commands.h
 * The commands of the program, each defined in its own file.
 */
#ifndef APP_COMMANDS_H
#define APP_COMMANDS_H

#include "common/options.h"

extern const app_command app_cmd_pca, app_cmd_pca_transform, app_cmd_recommend_train, app_cmd_recommend_evaluate,
    app_cmd_matmul, app_cmd_multi_dot;
extern const app_command app_cmd_transpose, app_cmd_matrix_power, app_cmd_norm, app_cmd_trace, app_cmd_covariance;
extern const app_command app_cmd_qr, app_cmd_lu, app_cmd_cholesky, app_cmd_svd, app_cmd_svdvals;
extern const app_command app_cmd_lowrank, app_cmd_eigh, app_cmd_eigvalsh, app_cmd_eig, app_cmd_solve;
extern const app_command app_cmd_lstsq, app_cmd_inv, app_cmd_pinv, app_cmd_det, app_cmd_slogdet;
extern const app_command app_cmd_rank, app_cmd_cond, app_cmd_sample, app_cmd_search, app_cmd_regress;
extern const app_command app_cmd_nmf;
extern const app_command app_cmd_generate_matrix, app_cmd_generate_ratings, app_cmd_convert, app_cmd_export,
    app_cmd_info;
extern const app_command app_cmd_doctor;
extern const app_command app_cmd_recommend_topn, app_cmd_recommend_similar;
extern const app_command app_cmd_selftest;

/** All commands in the order of `tartan --help`, ended by NULL. */
extern const app_command *const app_commands[];

/**
 * Finds the command that the first words of a line name. Local.
 *
 * @param[in]  words, count  after the name of the program
 * @param[out] used          words that the name takes
 * @param[out] command       NULL after a failure
 * @retval TARTAN_ERR_ARG    no such command (the nearest is named), or one that is due in a later version
 */
tartan_status app_find_command(const char *const *words, int count, int *used, const app_command **command);

#endif
