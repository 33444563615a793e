/**
 * @file plan.h
 * What --plan prints, and the refusal of what does not fit the memory.
 */
#ifndef APP_PLAN_H
#define APP_PLAN_H

#include "common/run.h"

/**
 * Predicts run->plan.seconds from its flops and words, by a short measurement of the processor, unless the planner has
 * done so; and adds the reading. Collective.
 */
tartan_status app_plan_seconds(app_run *run);

/** Before and after what the plan tells of: the words between the two go to run->moved. Local; collective. */
void          app_plan_mark(app_run *run);
tartan_status app_plan_count(app_run *run);

/** Bytes that the budget leaves on the rank with the least room; at least 1. Collective. */
tartan_status app_plan_room(app_run *run, int64_t *bytes);

/**
 * Refuses a plan that does not fit the memory. Collective.
 *
 * @param[in] what   "a covariance of 784 features"
 * @param[in] bytes  per rank beside what is in use
 * @param[in] hint   what else would help: ", or more ranks on more nodes"
 * @retval TARTAN_ERR_NOMEM  the message says how much would do
 */
tartan_status app_plan_fits(app_run *run, const char *what, double bytes, const char *hint);

/**
 * Prints the lines that all plans have: words, work, memory, time, ranks. Local.
 *
 * @param[in] operands  bytes per rank of matrices beside run->plan.memory
 */
void app_plan_print(const app_run *run, double operands);

/** Prints a batch script for Slurm that runs the command without --plan. Local. */
void app_plan_print_sbatch(const app_run *run, double operands);

#endif
