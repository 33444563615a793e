#include "pca.h"

#include <string.h>

#include "base/util.h"
#include "io/output.h"
#include "oper/operator.h"

/* MATLAB writes its columns as rows: known only once the file is open, so such a file is opened twice. */
tartan_status app_pca_input_open(app_run *run, const char *source, int samples, app_pca_input *input)
{
  tartan_io_opts io = app_run_io(run);
  tartan_status  st = TARTAN_OK;

  input->source = source;
  io.transpose = samples == APP_SAMPLES_COLUMNS;
  TRY(tartan_operator_open(run->grid, source, &io, &input->data));
  input->info = *tt_dataset_get_info(input->data->dataset);
  if (samples == APP_SAMPLES_AUTO && input->info.column_major_writer) {
    io.transpose = true;
    tartan_operator_destroy(&input->data);
    TRY(tartan_operator_open(run->grid, source, &io, &input->data));
  }
  tartan_operator_shape(input->data, &input->m, &input->n);
  tartan_operator_describe(input->data, input->text, sizeof input->text);
  app_tell(run, "%s\n", input->text);
  fflush(stdout);

done:
  return st;
}

void app_pca_input_close(app_pca_input *input)
{
  tartan_operator_destroy(&input->data);
}

tartan_status app_pca_labels_open(app_run *run, const char *source, int64_t m, tt_dataset **labels)
{
  tartan_io_opts         io = app_run_io(run);
  tartan_status          st = TARTAN_OK;
  const tt_dataset_info *info;

  TRY(tt_dataset_open_vector(run->grid, source, &io, labels));
  info = tt_dataset_get_info(*labels);
  REQUIRE(info->cols == 1, TARTAN_ERR_INPUT, "--color-by %s: one number per sample is needed, this is %lld x %lld",
          source, (long long)info->rows, (long long)info->cols);
  REQUIRE(info->rows == m, TARTAN_ERR_INPUT, "--color-by %s: %lld numbers for %lld samples", source,
          (long long)info->rows, (long long)m);
done:
  return st;
}

tartan_status app_pca_try_folder(app_run *run, const char *output)
{
  tt_output    *out = NULL;
  tartan_status st = tt_output_create(run->grid, output, true, &out);

  tt_output_discard(&out);
  return st;
}

/* ------------------------------------------------------------------------------------------------ plan */

static void print_sbatch(const app_run *run, double seconds, int64_t bytes)
{
  char          line[4096], *cut;
  const int     per_node = (run->size + run->nodes - 1) / run->nodes;
  const long    minutes = (long)(seconds * 2 / 60) + 5;
  const int64_t mib = (bytes * per_node >> 20) + 256;

  app_command_line(run, line, sizeof line);
  while ((cut = strstr(line, " --sbatch"))) memmove(cut, cut + 9, strlen(cut + 9) + 1);
  while ((cut = strstr(line, " --plan"))) memmove(cut, cut + 7, strlen(cut + 7) + 1);
  app_say(
      run,
      "\n#!/bin/bash\n#SBATCH --job-name=tartan-pca\n#SBATCH --nodes=%d\n#SBATCH --ntasks-per-node=%d\n"
      "#SBATCH --cpus-per-task=%d\n#SBATCH --hint=nomultithread\n#SBATCH --mem=%lldM\n#SBATCH --time=%02ld:%02ld:00\n"
      "#SBATCH --requeue\n#SBATCH --open-mode=append\n#SBATCH --output=%%x-%%j.out\nset -eu\n",
      run->nodes, per_node, run->threads, (long long)mib, minutes / 60, minutes % 60);
  app_say(run,
          "export OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK OMP_PLACES=cores OMP_PROC_BIND=close\n"
          "export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK\n"
          "# Where Slurm has no PMIx (\"srun --mpi=list\"), start with mpirun instead:\n"
          "# LAUNCH=\"mpirun -q --map-by ppr:$SLURM_NTASKS_PER_NODE:node:pe=$SLURM_CPUS_PER_TASK --bind-to core\"\n"
          "LAUNCH=${LAUNCH:-srun --mpi=pmix}\n"
          "$LAUNCH %s\n",
          line);
}

void app_pca_print_plan(const app_run *run, bool scores, bool sbatch)
{
  const tartan_cost *p = &run->plan;
  const int64_t      whole = run->grid->memory.used + (int64_t)p->memory;
  char               need[24], of[24], budget[24], read[24], words[3][48], seconds[16];

  app_say(run, "solver   %s: %s\n", p->algorithm, p->reason);
  app_say(run, "passes   %.0f over the file for the fit%s; %s read per rank in each\n", p->passes,
          scores ? ", 1 for the scores" : "", tt_bytes_text(p->bytes_read / p->passes, read));
  app_say(run, "moved    %s per rank over MPI", app_words_text(p->words, words[0]));
  if (p->words_bound > 0) app_say(run, ", bound %s", app_words_text(p->words_bound, words[1]));
  if (p->words_redistributed > 0)
    app_say(run, ", and %s to change the layout", app_words_text(p->words_redistributed, words[2]));
  if (p->flops < 1e7)
    app_say(run, "\nwork     %.0f flop per rank\n", p->flops);
  else
    app_say(run, "\nwork     %.2f Gflop per rank\n", p->flops * 1e-9);
  app_say(run, "memory   %s per rank, %s of that for this computation; the budget is %s\n",
          tt_bytes_text((double)whole, need), tt_bytes_text(p->memory, of),
          tt_bytes_text((double)run->resident_budget, budget));
  snprintf(seconds, sizeof seconds, p->seconds < 10 ? "%.1f s" : "%.0f s", p->seconds);
  app_say(run, "time     %s predicted\n", p->seconds < 1 ? "under 1 s" : seconds);
  app_say(run, "ranks    %d rank%s x %d thread%s on %d node%s\n", run->size, TT_S(run->size), run->threads,
          TT_S(run->threads), run->nodes, TT_S(run->nodes));
  if (sbatch) print_sbatch(run, p->seconds, whole);
}
