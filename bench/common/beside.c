#include "common/beside.h"

#include <math.h>
#include <string.h>

#include "common/cores.h"

tartan_status bench_beside_local(void *context)
{
  const bench_beside *b = context;

  bench_local_multiply(&b->local, b->run->threads);
  return TARTAN_OK;
}

tartan_status bench_beside_peak(void *context)
{
  const bench_beside *b = context;

  bench_local_multiply(&b->peak, b->run->threads);
  return TARTAN_OK;
}

tartan_status bench_beside_whole(void *context)
{
  const bench_beside *b = context;

  if (b->run->rank == 0) {
    bench_cores_take_all();
    bench_local_multiply(&b->whole, b->run->node_ranks * b->run->threads);
    bench_cores_give_back();
  }
  return bench_sleep_until_all(b->run->grid);
}

tartan_status bench_beside_begin(bench_beside *b, tartan_status (*ours)(void *context), const bench_offer *offers)
{
  tartan_status st = TARTAN_OK;

  bench_cases_add(&b->cases, "ours", ours);
  bench_cases_add(&b->cases, "local", bench_beside_local);
  bench_cases_add(&b->cases, "peak", bench_beside_peak);
  TRY(bench_peers_add(b->compare, offers, &b->cases));
  REQUIRE(!bench_peers_asked(b->compare, "openblas") || b->run->grid->nodes == 1, TARTAN_ERR_ARG,
          "--compare openblas needs all ranks on one node");
done:
  return st;
}

tartan_status bench_beside_make(bench_beside *b, const bench_local *local, const bench_local *whole)
{
  app_run      *run = b->run;
  tt_memory    *memory = &run->grid->memory;
  tartan_status st = TARTAN_OK, own = TARTAN_OK;

  b->local = *local;
  own = bench_local_make_cube(memory, local->dtype, bench_peak_size(b->flops / run->size), &b->peak);
  if (own == TARTAN_OK && run->rank == 0 && bench_peers_asked(b->compare, "openblas")) {
    b->whole = *whole;
    own = bench_local_make(memory, &b->whole);
  }
  if (own == TARTAN_OK) own = bench_local_make(memory, &b->local);
  AGREE(run->grid, own);
  TRY(bench_local_choose_panel(run->grid, &b->local, run->threads));
done:
  return st;
}

void bench_beside_free(bench_beside *b)
{
  bench_cases_free(&b->cases);
  bench_local_free(&b->whole);
  bench_local_free(&b->peak);
  bench_local_free(&b->local);
}

static const bench_offer *find(const bench_offer *offers, const char *name)
{
  for (; offers->name; offers++)
    if (strcmp(offers->name, name) == 0) return offers;
  return NULL;
}

tartan_status bench_beside_verify(bench_beside *b, const bench_offer *offers, const bench_product *product,
                                  tartan_matrix *C, bench_record *r)
{
  const bench_offer *scalapack = find(offers, "scalapack");
  tartan_status      st = TARTAN_OK;

  tartan_matrix_set(C, NAN, NAN);
  TRY(bench_planned_count(b->run->grid, b->cases.list[0].run, b, &b->planned));
  TRY(bench_product_residual(product, &r->residual, &r->residual_limit));
  r->bytes_max = strcmp(r->algorithm, "pblas") == 0 ? b->planned.traffic : b->planned.measured.bytes_moved;
  r->bytes_redistributed_max = (double)tartan_dtype_size(C->dtype) * b->planned.measured.words_redistributed;
  b->scalapack_bytes = NAN;
  if (scalapack && bench_peers_asked(b->compare, "scalapack"))
    TRY(bench_planned_traffic(b->run->grid, scalapack->run, b, &b->scalapack_bytes));
done:
  return st;
}

static double median_of(const bench_beside *b, const char *name)
{
  return bench_median(bench_cases_of(&b->cases, name), b->cases.reps);
}

static void put_fields(app_json *json, const void *context)
{
  const bench_beside *b = context;

  app_json_text(json, "layout", b->layout);
  app_json_count(json, "workspace", b->workspace);
  bench_planned_json(json, &b->planned);
  app_json_count(json, "local_panel", b->local.panel);
  app_json_number(json, "seconds_local_median", median_of(b, "local"));
  app_json_count(json, "peak_edge", b->peak.m);
}

static void put_lines(const app_run *run, const void *context)
{
  const bench_beside *b = context;

  bench_planned_lines(run, &b->planned);
  app_say(run, "local    median %.4f s, %lld inner indices a call\n", median_of(b, "local"), (long long)b->local.panel);
}

void bench_beside_record(const bench_beside *b, const bench_offer *offers, bench_record *r)
{
  const double  side = (double)b->peak.m, *ours = bench_cases_of(&b->cases, "ours");
  const int64_t reps = b->cases.reps;

  r->seconds = ours;
  r->phases = bench_cases_phases(&b->cases, "ours");
  r->reps = reps;
  r->flops = b->flops;
  r->peak = 2 * side * side * side * b->run->size / median_of(b, "peak");
  r->peak_fraction = bench_ratio(bench_cases_of(&b->cases, "peak"), ours, reps) * b->flops /
                     (2 * side * side * side * b->run->size);
  r->local_fraction = bench_ratio(bench_cases_of(&b->cases, "local"), ours, reps);
  bench_peers_record(offers, &b->cases, ours, r);
  for (int i = 0; i < r->peers; i++)
    if (strcmp(r->peer[i].name, "scalapack") == 0) r->peer[i].bytes_max = b->scalapack_bytes;
  r->json = put_fields;
  r->table = put_lines;
  r->context = b;
}
