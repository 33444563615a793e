#include "common/operand.h"

#include <math.h>

#include "base/util.h"
#include "common/plan.h"
#include "io/matrix_file.h"
#include "oper/operator.h"

enum { DTYPE_INPUT, DTYPE_F32, DTYPE_F64 };

/* What is known of an operator's dataset, and one line about it. Local. */
static void describe(app_run *run, const char *name, const char *note, app_operand *operand)
{
  const tt_dataset_info *info = tt_dataset_get_info(operand->data->dataset);

  operand->info = info;
  operand->turned = info->column_major_writer && !info->vector;
  operand->m = operand->turned ? info->cols : info->rows;
  operand->n = operand->turned ? info->rows : info->cols;
  app_tell(run, "%s%s%lld x %lld, %s, from %s:%s%s%s\n", name, *name ? "  " : "", (long long)operand->m,
           (long long)operand->n, info->type_name, info->file, info->path,
           operand->turned ? " (written by MATLAB, column by column)" : "", note);
  fflush(stdout);
}

tartan_status app_operand_open(app_run *run, const char *name, const char *source, const char *note,
                               app_operand *operand)
{
  const tartan_io_opts io = app_run_io(run);
  tartan_status        st = TARTAN_OK;

  TRY(tartan_operator_open(run->grid, source, &io, &operand->data));
  describe(run, name, note, operand);
done:
  return st;
}

tartan_status app_operand_open_columns(app_run *run, const char *name, const char *source, app_operand *operand)
{
  const tartan_io_opts io = app_run_io(run);
  tartan_status        st = TARTAN_OK;

  TRY(tt_operator_open_vector(run->grid, source, &io, &operand->data));
  describe(run, name, "", operand);
done:
  return st;
}

void app_operand_close(app_operand *operand)
{
  tartan_operator_destroy(&operand->data);
}

tartan_dtype app_operand_dtype(const app_operand *operand)
{
  return operand->info->element == TT_EL_F32 ? TARTAN_F32 : TARTAN_F64;
}

tartan_dtype app_chosen_dtype(int choice, tartan_dtype input)
{
  return choice == DTYPE_INPUT ? input : choice == DTYPE_F32 ? TARTAN_F32 : TARTAN_F64;
}

double app_operand_bytes(const app_run *run, const app_operand *operand, tartan_dtype dtype)
{
  return (double)operand->m * (double)operand->n * (double)tartan_dtype_size(dtype) / run->size;
}

void app_operand_plan(app_run *run, const app_operand *const *operands, int count, bool streamed)
{
  tartan_cost *p = &run->plan;
  double       elements = 0, stored = 0;

  p->grid[0] = run->grid->p;
  p->grid[1] = run->grid->q;
  p->grid[2] = 1;
  for (int i = 0; i < count; i++) {
    const app_operand *X = operands[i];

    elements += (double)X->m * (double)X->n;
    stored += (double)X->m * (double)X->n * (double)tt_element_size(X->info->element);
    if (!streamed) p->memory = fmax(p->memory, (double)tt_matrix_file_bytes(run->grid, X->m, X->n));
  }
  p->bytes_read = p->passes * stored / run->size;
  if (!streamed && run->size > 1) p->words_redistributed = elements / run->size;
  if (run->size == 1) p->words = 0;
}

/* A warning where the triangles differ. Where memory is short nobody looks. */
static tartan_status compare_triangles(app_run *run, const tartan_matrix *A, double bytes)
{
  tartan_matrix *B = NULL;
  double         difference = 0, largest = 0;
  int64_t        room = 0;
  tartan_status  st = TARTAN_OK;

  TRY(app_plan_room(run, &room));
  if ((double)room < 3 * bytes) goto done;
  TRY(tartan_transpose(A, NULL, &B));
  TRY(tartan_geadd(-1, TARTAN_NO_TRANS, A, 1, B));
  TRY(tartan_norm(TARTAN_NORM_MAX, B, &difference));
  TRY(tartan_norm(TARTAN_NORM_MAX, A, &largest));
  if (!(difference <= 8 * (tartan_matrix_dtype(A) == TARTAN_F32 ? 0x1p-24 : 0x1p-53) * largest))
    tt_grid_warn(run->grid,
                 "the matrix is not symmetric: |A - A'| is up to %.3g (largest element %.3g); only the "
                 "lower triangle is read",
                 difference, largest);
done:
  tartan_matrix_destroy(&B);
  return st;
}

tartan_status app_operand_load(app_run *run, const app_operand *operand, tartan_dtype dtype, bool lower,
                               tartan_matrix **A)
{
  tartan_status st = TARTAN_OK;

  TRY(tartan_matrix_create(run->grid, dtype, operand->m, operand->n, NULL, A));
  TRY(tt_matrix_load_into(operand->data->dataset, operand->turned, *A));
  if (lower) TRY(compare_triangles(run, *A, app_operand_bytes(run, operand, dtype)));
done:
  return st;
}
