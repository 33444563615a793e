// TEST: np=1,3 labels=fault,model timeout=180
/*
 * The k-th allocation or file operation fails on one rank: a predictor from parts, from training and from a file, users known
 * and folded in, scores, errors, what is similar; ids of a file found, and lists as lines of text.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tartan/io.h>
#include <tartan/predictor.h>

#include "check.h"
#include "faults.h"
#include "io/ids.h"
#include "io/text_export.h"
#include "model/predictor_impl.h"
#include "ratings.h"
#include "world.h"

#define USERS 12
#define ITEMS 9
#define K 3

static tartan_recommend_model kind; /* of the sweep that runs */

/* A model in training, its predictor, and profiles. */
typedef struct fixture {
  ratings             x;
  tartan_sparse      *R;
  tartan_recommender *model;
  tartan_matrix      *weights;
  tartan_predictor   *p;
  tartan_profiles    *profiles;
} fixture;

static tartan_recommend_opts options(void)
{
  tartan_recommend_opts o = TARTAN_RECOMMEND_OPTS_INIT;

  o.model = kind;
  o.factors = K;
  o.dtype = TARTAN_F64;
  return o;
}

/* Even ranges of n. */
static void even(int64_t n, int64_t *starts)
{
  for (int r = 0; r <= check_size(); r++) starts[r] = n * r / check_size();
}

/* Parts of a model that was not trained here, its matrices on this grid. */
static tartan_predictor_values parts(tartan_grid *grid)
{
  const bool              ease = kind == TARTAN_RECOMMEND_EASE;
  int64_t                 starts[17];
  tartan_predictor_values v = {.size = sizeof v, .opts = options(), .users = ease ? 0 : USERS, .items = ITEMS};

  v.factors = ease ? 0 : K;
  even(ITEMS, starts);
  CHECK_OK(tt_matrix_create_ranges(grid, TARTAN_F64, ease ? ITEMS : K, ITEMS, starts, NULL,
                                   ease ? &v.weights : &v.item_factors));
  tartan_matrix_fill_uniform(ease ? v.weights : v.item_factors, 1);
  even(USERS, starts);
  if (ease) return v;
  CHECK_OK(tt_matrix_create_ranges(grid, TARTAN_F64, K, USERS, starts, NULL, &v.user_factors));
  tartan_matrix_fill_uniform(v.user_factors, 2);
  return v;
}

/* ready: with a predictor; and with profiles of its own users, or of folded ones. */
static fixture begin(tartan_grid *grid, bool ready)
{
  fixture                     f = {ratings_make(USERS, ITEMS, 0.5, false, 3), NULL, NULL, NULL, NULL, NULL};
  const tartan_recommend_opts o = options();

  f.R = ratings_sparse(grid, &f.x, TARTAN_F64);
  if (kind <= TARTAN_RECOMMEND_POPULARITY) {
    CHECK_OK(tartan_recommender_create(f.R, &o, &f.model));
    CHECK_OK(tartan_recommender_epoch(f.model, NULL));
    if (ready) CHECK_OK(tartan_predictor_from_recommender(f.model, &f.p));
  } else if (ready) {
    const tartan_predictor_values v = parts(grid);

    CHECK_OK(tartan_predictor_create(grid, &v, true, &f.p));
  }
  if (ready) CHECK_OK(tartan_profiles_fold_in(f.p, f.R, &f.profiles));
  return f;
}

static void end(fixture *f)
{
  tartan_profiles_destroy(&f->profiles);
  tartan_predictor_destroy(&f->p);
  tartan_recommender_destroy(&f->model);
  tartan_sparse_destroy(&f->R);
  ratings_free(&f->x);
}

static tartan_status try_create(tartan_grid *grid, fault_run *run)
{
  const tartan_predictor_values v = parts(grid);
  tartan_predictor             *p = NULL;
  tartan_status                 st;

  fault_begin(run);
  st = tartan_predictor_create(grid, &v, true, &p); /* the parts are its own, after a failure too */
  fault_end(run);
  CHECK((p == NULL) == (st != TARTAN_OK));
  tartan_predictor_destroy(&p);
  return st;
}

static tartan_status try_refer(tartan_grid *grid, fault_run *run)
{
  fixture       f = begin(grid, false);
  tartan_status st;

  fault_begin(run);
  st = tartan_predictor_from_recommender(f.model, &f.p);
  fault_end(run);
  CHECK((f.p == NULL) == (st != TARTAN_OK));
  end(&f);
  return st;
}

static tartan_status try_known(tartan_grid *grid, fault_run *run)
{
  fixture          f = begin(grid, true);
  const int64_t    user[3] = {7, 0, 7};
  tartan_profiles *x = NULL;
  tartan_status    st;

  fault_begin(run);
  st = tartan_profiles_known(f.p, 3, user, &x);
  fault_end(run);
  CHECK((x == NULL) == (st != TARTAN_OK));
  tartan_profiles_destroy(&x);
  end(&f);
  return st;
}

static tartan_status try_fold_in(tartan_grid *grid, fault_run *run)
{
  fixture          f = begin(grid, true);
  tartan_profiles *x = NULL;
  tartan_status    st;

  fault_begin(run);
  st = tartan_profiles_fold_in(f.p, f.R, &x);
  fault_end(run);
  CHECK((x == NULL) == (st != TARTAN_OK));
  tartan_profiles_destroy(&x);
  end(&f);
  return st;
}

static tartan_status try_scores(tartan_grid *grid, fault_run *run)
{
  fixture       f = begin(grid, true);
  double        scores[USERS * ITEMS], rmse, mae;
  tartan_status st;

  fault_begin(run);
  st = tartan_predictor_predict(f.p, f.profiles, f.R, scores);
  if (st == TARTAN_OK) st = tartan_predictor_errors(f.p, f.profiles, f.R, &rmse, &mae);
  fault_end(run);
  end(&f);
  return st;
}

static tartan_status try_similar(tartan_grid *grid, fault_run *run)
{
  fixture           f = begin(grid, true);
  const int64_t     item[2] = {3, 8};
  tartan_neighbors *found = NULL;
  tartan_status     st;

  fault_begin(run);
  st = tartan_predictor_similar(f.p, TARTAN_RECOMMEND_ITEMS, check_rank() == 0 ? 2 : 1, item, 4, &found);
  fault_end(run);
  CHECK((found == NULL) == (st != TARTAN_OK));
  tartan_neighbors_destroy(&found);
  end(&f);
  return st;
}

/* ------------------------------------------------------------------------------------------------ files */

/* A model of als, or of ease; and lists of texts. Small things stand for the large ones. */
static void write_files(tartan_grid *grid)
{
  static const char *const names[2] = {"a", "b"}, *const texts[4] = {"x", "y, z", "", "w"};
  static const int64_t places[4] = {0, 1, -1, 2}, ids[2] = {8, -3};
  double               values[USERS * K];
  tt_output           *out = NULL;

  for (int i = 0; i < USERS * K; i++) values[i] = i * 0.25;
  CHECK_OK(tt_output_create(grid, "model.h5", true, &out));
  tt_output_text(out, "/", "format", "tartan-recommend");
  tt_output_text(out, "/", "model", "als");
  tt_output_text(out, "/", "regularization", "0.1 ^ 1");
  tt_output_text(out, "/", "weights", "0.1 added constant 1");
  tt_output_text(out, "/", "bias", "yes 5");
  tt_output_real(out, "/", "global_mean", 3);
  tt_output_real(out, "/", "rating_low", 1);
  tt_output_real(out, "/", "rating_high", 5);
  tt_output_array(out, "/user_factors", USERS, K, values);
  tt_output_array(out, "/item_factors", ITEMS, K, values);
  tt_output_array(out, "/user_bias", USERS, 1, values);
  tt_output_array(out, "/item_bias", ITEMS, 1, values);
  CHECK_OK(tt_output_open(out));
  CHECK_OK(tt_output_commit(&out));
  CHECK_OK(tt_output_create(grid, "lists.h5", true, &out));
  tt_output_text(out, "/", "format", "tartan-recommendations");
  tt_output_strings(out, "/users", 2, names);
  tt_output_string_table(out, "/items", 2, 2, texts);
  tt_output_declare_element(out, "/item_index", TT_EL_I64, 2, 2);
  tt_output_counts(out, "/ids", 2, ids);
  tt_output_array(out, "/scores", 2, 2, values);
  CHECK_OK(tt_output_open(out));
  CHECK_OK(tt_output_rows(out, "/item_index", 0, check_rank() == 0 ? 2 : 0, places));
  CHECK_OK(tt_output_commit(&out));
}

static tartan_status try_load(tartan_grid *grid, fault_run *run)
{
  tartan_predictor *p = NULL;
  tartan_status     st;

  fault_begin(run);
  st = tartan_predictor_load(grid, "model.h5", &p);
  fault_end(run);
  CHECK((p == NULL) == (st != TARTAN_OK));
  tartan_predictor_destroy(&p);
  return st;
}

static tartan_status try_ids(tartan_grid *grid, fault_run *run)
{
  tt_ids        texts = {.grid = grid}, numbers = {.grid = grid};
  int64_t      *index = NULL, *others = NULL;
  tartan_status st;

  fault_begin(run);
  st = tt_ids_read(grid, "lists.h5", "/users", &texts);
  if (st == TARTAN_OK) st = tt_ids_read(grid, "lists.h5", "/ids", &numbers);
  if (st == TARTAN_OK) st = tt_ids_match(&texts, &texts, &index, NULL);
  if (st == TARTAN_OK) st = tt_ids_match(&numbers, &numbers, &others, NULL);
  fault_end(run);
  tt_free(others);
  tt_free(index);
  tt_ids_free(&numbers);
  tt_ids_free(&texts);
  return st;
}

static tartan_status try_lines(tartan_grid *grid, fault_run *run)
{
  const int        before = fault_files_here();
  bool             lists = false;
  tt_export_result result;
  tartan_status    st;

  fault_begin(run);
  st = tt_export_has_lists(grid, "lists.h5", &lists);
  if (st == TARTAN_OK) st = tt_export_lists(grid, "lists.h5", NULL, "lines.csv", NULL, &result);
  fault_end(run);
  if (st == TARTAN_OK) CHECK(lists && result.rows == 3);
  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) (void)unlink("lines.csv"); /* it is there unless writing failed */
  MPI_Barrier(MPI_COMM_WORLD);
  CHECK_EQ(fault_files_here(), before);
  return st;
}

static void sweep_model(void)
{
  const bool trained = kind <= TARTAN_RECOMMEND_POPULARITY;

  if (!trained) fault_sweep(TT_FAULT_ALLOC, "tartan_predictor_create", try_create);
  if (trained) fault_sweep(TT_FAULT_ALLOC, "tartan_predictor_from_recommender", try_refer);
  if (kind != TARTAN_RECOMMEND_EASE) fault_sweep(TT_FAULT_ALLOC, "tartan_profiles_known", try_known);
  fault_sweep(TT_FAULT_ALLOC, "tartan_profiles_fold_in", try_fold_in);
  fault_sweep(TT_FAULT_ALLOC,
              "tartan_predictor_predict, "
              "tartan_predictor_errors",
              try_scores);
  if (kind != TARTAN_RECOMMEND_BIAS) fault_sweep(TT_FAULT_ALLOC, "tartan_predictor_similar", try_similar);
}

int main(int argc, char **argv)
{
  static const tartan_recommend_model kinds[] = {TARTAN_RECOMMEND_ALS,  TARTAN_RECOMMEND_IALS,    TARTAN_RECOMMEND_BIAS,
                                                 TARTAN_RECOMMEND_EASE, TARTAN_RECOMMEND_PURESVD, TARTAN_RECOMMEND_NMF};
  tartan_grid                        *grid;

  tartan_io_setup();
  check_start(&argc, &argv);
  for (int i = 0; i < 6; i++) {
    kind = kinds[i];
    sweep_model();
  }
  grid = grid_world();
  write_files(grid);
  tartan_grid_destroy(&grid);
  fault_sweep(TT_FAULT_ALLOC, "tartan_predictor_load", try_load);
  fault_sweep(TT_FAULT_FILE, "tartan_predictor_load", try_load);
  fault_sweep(TT_FAULT_ALLOC, "ids of files", try_ids);
  fault_sweep(TT_FAULT_FILE, "ids of files", try_ids);
  fault_sweep(TT_FAULT_ALLOC, "lists as lines", try_lines);
  fault_sweep(TT_FAULT_FILE, "lists as lines", try_lines);
  if (check_rank() == 0) {
    (void)unlink("model.h5");
    (void)unlink("lists.h5");
  }
  return check_finish();
}
