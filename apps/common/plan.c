/* Plans for people, and the batch script that follows from one. */
#include "common/plan.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/gemm.h"

#define READ_RATE 1.5e9 /* bytes per second of a node, assumed: page cache or a good file system */

tartan_status app_plan_seconds(app_run *run)
{
  tartan_cost  *p = &run->plan;
  double        rate = p->flops > 0 && p->seconds <= 0 ? tt_gemm_rate(run->threads) : 0;
  tartan_status st = TARTAN_OK;

  if (p->seconds <= 0) {
    TRY(tt_allreduce_f64(run->grid, &rate, 1, TT_MIN));
    if (rate <= 0) rate = 1e9;
    p->seconds = p->flops / rate + 8 * (p->words + p->words_redistributed) / run->grid->rates.bandwidth;
  }
  p->seconds += p->bytes_read / READ_RATE;
done:
  return st;
}

void app_plan_mark(app_run *run)
{
  run->mark = run->grid->counters;
}

tartan_status app_plan_count(app_run *run)
{
  const tt_counters *now = &run->grid->counters, *then = &run->mark;
  const int64_t      sent = now->words_sent - then->words_sent - (now->layout_sent - then->layout_sent);
  const int64_t received = now->words_received - then->words_received - (now->layout_received - then->layout_received);

  run->moved = (double)tt_max(sent, received);
  run->counted = true;
  return tt_allreduce_f64(run->grid, &run->moved, 1, TT_MAX);
}

tartan_status app_plan_room(app_run *run, int64_t *bytes)
{
  const tt_memory *mem = &run->grid->memory;

  *bytes = tt_max(1, mem->limit - mem->used);
  return tt_agree_least(run->grid, bytes);
}

tartan_status app_plan_fits(app_run *run, const char *what, double bytes, const char *hint)
{
  const tt_memory *mem = &run->grid->memory;
  int64_t          room = 0, used = mem->used;
  char             need[24], own[24], budget[24];
  tartan_status    st = TARTAN_OK;

  TRY(app_run_fits(run, bytes));
  TRY(app_plan_room(run, &room));
  if (bytes <= (double)room) goto done;
  TRY(tt_allreduce_i64(run->grid, &used, 1, TT_MAX));
  st = tt_fail(TARTAN_ERR_NOMEM,
               "%s needs %s per rank beside %s in use, the budget is %s; give --memory %.0fM or more%s", what,
               tt_bytes_text(bytes, need), tt_bytes_text((double)used, own),
               tt_bytes_text((double)run->resident_budget, budget), ceil((bytes + (double)used) / 1048576 + 1), hint);
done:
  return st;
}

/* All that a rank needs: the program, the matrices, and the work beside them. */
static double whole_memory(const app_run *run, double operands)
{
  return (double)run->grid->memory.used + operands + run->plan.memory;
}

void app_plan_print(const app_run *run, double operands)
{
  const tartan_cost *p = &run->plan;
  char               need[24], of[24], matrices[24], budget[24], words[3][48], seconds[16];

  app_say(run, "moved    %s per rank over MPI", app_words_text(p->words, words[0]));
  if (p->words_bound > 0) app_say(run, ", bound %s", app_words_text(p->words_bound, words[1]));
  if (p->words_redistributed > 0)
    app_say(run, ", and %s to change the layout", app_words_text(p->words_redistributed, words[2]));
  if (p->flops >= 1e7)
    app_say(run, "\nwork     %.2f Gflop per rank", p->flops * 1e-9);
  else if (p->flops > 0)
    app_say(run, "\nwork     %.0f flop per rank", p->flops);
  app_say(run, "\nmemory   %s per rank, ", tt_bytes_text(whole_memory(run, operands), need));
  if (operands > 0) app_say(run, "%s of that for the matrices and ", tt_bytes_text(operands, matrices));
  app_say(run, "%s %s; the budget is %s\n", tt_bytes_text(p->memory, of),
          operands > 0 ? "beside them" : "of that for this computation",
          tt_bytes_text((double)run->resident_budget, budget));
  snprintf(seconds, sizeof seconds, p->seconds < 10 ? "%.1f s" : "%.0f s", p->seconds);
  app_say(run, "time     %s predicted\n", p->seconds < 1 ? "under 1 s" : seconds);
  app_say(run, "ranks    %d rank%s x %d thread%s on %d node%s\n", run->size, TT_S(run->size), run->threads,
          TT_S(run->threads), run->grid->nodes, TT_S(run->grid->nodes));
}

/* Takes an option out of a command line. */
static void cut_word(char *line, const char *word)
{
  char *at;

  while ((at = strstr(line, word))) memmove(at, at + strlen(word), strlen(at + strlen(word)) + 1);
}

/* The folder of jobs/common.sh: where this program is installed, or in the source that it was built from. */
static void find_jobs(char path[PATH_MAX])
{
  static const char *const places[] = {"../share/tartan/jobs", "../../../jobs"};
  char                     program[PATH_MAX], common[PATH_MAX + 64];
  const ssize_t            n = readlink("/proc/self/exe", program, sizeof program - 1);

  program[n > 0 ? n : 0] = 0;
  *(strrchr(program, '/') ? strrchr(program, '/') : program) = 0;
  for (int i = 0; i < 2; i++) {
    snprintf(common, sizeof common, "%s/%s/common.sh", program, places[i]);
    if (!realpath(common, path)) continue;
    *strrchr(path, '/') = 0;
    return;
  }
  strcpy(path, "/usr/local/share/tartan/jobs");
}

/* On how many times the nodes a rank's share of matrices and workspace fits the budget. */
static int64_t times_nodes(const app_run *run, double operands)
{
  const double share = operands + run->plan.memory, room = (double)(run->resident_budget - run->grid->memory.used);

  return share > room && room > 0 ? (int64_t)ceil(share / room) : 1;
}

/* What a node needs, such that the part that tartan takes of it is enough. */
static int64_t node_mib(const app_run *run, double operands, int64_t times, int per_node)
{
  const double rank = (double)run->grid->memory.used + (operands + run->plan.memory) / (double)times;

  return (int64_t)(rank * per_node / 0.8) / 1048576 + 256;
}

void app_plan_print_sbatch(const app_run *run, double operands)
{
  char          line[4096], job[64], jobs[PATH_MAX];
  const int     per_node = (run->size + run->grid->nodes - 1) / run->grid->nodes;
  const long    minutes = (long)(run->plan.seconds * 2 / 60) + 10;
  const int64_t times = times_nodes(run, operands), nodes = times * run->grid->nodes;

  app_command_line(run, line, sizeof line);
  cut_word(line, " --sbatch");
  cut_word(line, " --plan");
  snprintf(job, sizeof job, "%s", run->command->name);
  for (char *c = job; *c; c++) *c = *c == ' ' ? '-' : *c;
  find_jobs(jobs);
  app_say(
      run,
      "\n#!/bin/bash\n#SBATCH --job-name=tartan-%s\n#SBATCH --nodes=%lld\n#SBATCH --ntasks-per-node=%d\n"
      "#SBATCH --cpus-per-task=%d\n#SBATCH --hint=nomultithread\n#SBATCH --mem=%lldM\n#SBATCH --time=%02ld:%02ld:00\n"
      "#SBATCH --signal=B:USR1@180\n#SBATCH --requeue\n#SBATCH --open-mode=append\n#SBATCH --output=%%x-%%j.out\n",
      job, (long long)nodes, per_node, run->threads, (long long)node_mib(run, operands, times, per_node), minutes / 60,
      minutes % 60);
  if (times > 1)
    app_say(run, "# Planned on %d node%s, where it does not fit the memory; on %lld its share does.\n",
            run->grid->nodes, TT_S(run->grid->nodes), (long long)nodes);
  app_say(run, "jobs=${TARTAN_JOBS:-%s}\n. \"$jobs/common.sh\"\n\nstep %s\n", jobs, line);
}
