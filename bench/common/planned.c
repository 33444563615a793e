#include "common/planned.h"

#include "comm/collective.h"
#include "common/traffic.h"

tartan_status bench_planned_traffic(tartan_grid *grid, tartan_status (*run)(void *context), void *context,
                                    double *bytes)
{
  tartan_status st = TARTAN_OK;

  bench_traffic_reset();
  TRY(run(context));
  *bytes = (double)bench_traffic_bytes();
  TRY(tt_allreduce_f64(grid, bytes, 1, TT_MAX));
done:
  return st;
}

tartan_status bench_planned_count(tartan_grid *grid, tartan_status (*run)(void *context), void *context,
                                  bench_planned *planned)
{
  int64_t       before = 0, peak = 0;
  tartan_status st = TARTAN_OK;

  tartan_grid_memory(grid, &before, NULL, NULL);
  bench_traffic_reset();
  tartan_grid_cost_reset(grid);
  TRY(run(context));
  planned->traffic = (double)bench_traffic_bytes();
  tartan_grid_memory(grid, NULL, &peak, NULL);
  planned->memory = (double)(peak - before);
  TRY(tartan_grid_cost(grid, &planned->measured)); /* before exchanges of our own */
  TRY(tt_allreduce_f64(grid, &planned->traffic, 1, TT_MAX));
  TRY(tt_allreduce_f64(grid, &planned->memory, 1, TT_MAX));
done:
  return st;
}

void bench_planned_json(app_json *json, const bench_planned *p)
{
  char grid[48];

  snprintf(grid, sizeof grid, "%dx%dx%d", p->plan.grid[0], p->plan.grid[1], p->plan.grid[2]);
  app_json_text(json, "product_grid", grid);
  app_json_number(json, "plan_words", p->plan.words);
  app_json_number(json, "words", p->measured.words);
  app_json_number(json, "plan_words_redistributed", p->plan.words_redistributed);
  app_json_number(json, "words_redistributed", p->measured.words_redistributed);
  app_json_number(json, "words_bound", p->plan.words_bound);
  app_json_number(json, "plan_messages", p->plan.messages);
  app_json_number(json, "messages", p->measured.messages);
  app_json_number(json, "plan_memory", p->plan.memory);
  app_json_number(json, "memory", p->memory);
  app_json_number(json, "plan_seconds", p->plan.seconds);
  app_json_text(json, "plan_algorithm", p->plan.algorithm);
  app_json_text(json, "reason", p->plan.reason);
}

void bench_planned_lines(const app_run *run, const bench_planned *p)
{
  char planned[24], peak[24];

  app_say(run, "plan     %dx%dx%d, %.4f s: %s\n", p->plan.grid[0], p->plan.grid[1], p->plan.grid[2], p->plan.seconds,
          p->plan.reason);
  app_say(run, "words    %.0f planned, %.0f moved; for layouts %.0f and %.0f; bound %.0f\n", p->plan.words,
          p->measured.words, p->plan.words_redistributed, p->measured.words_redistributed, p->plan.words_bound);
  app_say(run, "messages %.0f planned, %.0f sent\n", p->plan.messages, p->measured.messages);
  app_say(run, "memory   %s planned, %s taken beside the operands\n", tt_bytes_text(p->plan.memory, planned),
          tt_bytes_text(p->memory, peak));
}
