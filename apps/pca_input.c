#include "pca.h"

#include "base/util.h"
#include "common/plan.h"
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

/* ------------------------------------------------------------------------------------------------ plan */

void app_pca_print_plan(const app_run *run, bool scores, bool sbatch)
{
  const tartan_cost *p = &run->plan;
  char               read[24];

  app_say(run, "solver   %s: %s\n", p->algorithm, p->reason);
  app_say(run, "passes   %.0f over the file for the fit%s; %s read per rank in each\n", p->passes,
          scores ? ", 1 for the scores" : "", tt_bytes_text(p->bytes_read / p->passes, read));
  app_plan_print(run, 0);
  if (sbatch) app_plan_print_sbatch(run, 0);
}
