/**
 * @file factor.h
 * The frame of the commands that factor one matrix, or solve with it: it is read, with right-hand sides or without; its
 * shape and options are checked, the work is planned, done, written with its letters as names, and summed up.
 */
#ifndef APP_FACTOR_H
#define APP_FACTOR_H

#include <tartan/factor.h>
#include <tartan/sketch.h>

#include "common/long_run.h"

typedef struct app_factor app_factor;

/** One such command. */
typedef struct app_factor_kind {
  const char *name;     /**< "qr": the suffix of the result and its attribute `format` follow from it */
  bool        square;   /**< other matrices are refused */
  bool        long_run; /**< its iteration keeps a state: APP_LONG_OPTIONS are in its table */
  bool        lower;    /**< only the lower triangle is read: a warning where the other one differs */

  /** Refuses options that do not fit each other or the shape, and says whether the file is streamed. Local. */
  tartan_status (*check)(app_factor *f);

  /** Appends the options that make up the configuration. Local. */
  void (*note)(const app_factor *f, app_notes *notes);

  /** What it takes by the shapes: algorithm, reason, flops and words per rank, bytes beside the matrix. Local. */
  void (*plan)(const app_factor *f, tartan_cost *p);

  /** The work. Fills parts, values and numbers. Collective. */
  tartan_status (*compute)(app_factor *f);
} app_factor_kind;

/** A matrix of the result. */
typedef struct app_factor_part {
  const char    *name; /**< "Q" */
  tartan_matrix *X;
  tartan_matrix *imag; /**< of a complex one, else NULL */
} app_factor_part;

/** A number of the result: an attribute, a line, a key of the report. */
typedef struct app_factor_number {
  const char *name;
  double      value;
  bool        whole; /**< an integer */
} app_factor_number;

#define APP_FACTOR_PARTS 2
#define APP_FACTOR_NUMBERS 8

/** One run of one such command; static, zero but for `kind` and `rhs`. */
struct app_factor {
  const app_factor_kind *kind;
  app_run               *run;
  const char            *rhs; /**< source of the right-hand sides, or NULL */
  app_operand            A, B;
  app_result             result;
  tartan_dtype           dtype;    /**< of what is computed */
  bool                   streamed; /**< the matrix stays in its file */
  bool                   center;   /**< of a streamed one: without the means of its columns */
  tartan_operator       *turned;   /**< of a dataset that holds columns as rows, or NULL */
  tartan_operator       *centered; /**< or NULL */
  const tartan_operator *op;       /**< of a streamed matrix, as it is meant: one of those before */
  double                *mean;     /**< [n] with `center`, else NULL */
  tartan_matrix         *a, *b;    /**< of one that is read, and its right-hand sides */
  bool                   lower;    /**< as of the kind; `check` may set it */

  app_factor_part    part[APP_FACTOR_PARTS];
  const char        *letter, *what; /**< of the values: "S", "singular values" */
  double            *values, *imag; /**< [count]; imag: NULL for real ones */
  int64_t            count;
  double            *residuals; /**< [count], or NULL; without values: of the right-hand sides */
  int64_t           *perm;      /**< [perm_count], or NULL */
  int64_t            perm_count;
  app_factor_number  number[APP_FACTOR_NUMBERS];
  int                numbers;
  tartan_factor_info info;
  tartan_topk_info   topk; /**< of a streamed matrix */
  double             tolerance;
  bool               done, wrong; /**< written; short of its tolerance */
  char               shortfall[80];
  bool               same_bits; /**< whatever the number of ranks */
};

/** Options that these commands share, and rows for option tables. */
typedef struct app_factor_settings {
  int     dtype;
  double  tol;
  int64_t seed, steps;
} app_factor_settings;

extern app_factor_settings app_factor_set;

#define APP_FACTOR_DTYPE                                                                                               \
  {                                                                                                                    \
    "dtype", 0, APP_OPTION_CHOICE, &app_factor_set.dtype, "input|f32|f64", "input: f32 if the file has it, else f64",  \
        "element type of computation and result"                                                                       \
  }

#define APP_FACTOR_ITERATION                                                                                           \
  {"tol", 0, APP_OPTION_REAL, &app_factor_set.tol, "X", "1e-8", "largest residual, relative to the largest value"},    \
      {"seed", 0, APP_OPTION_COUNT, &app_factor_set.seed, "N", "0", "of the random vectors to start from"},            \
  {                                                                                                                    \
    "steps", 0, APP_OPTION_COUNT, &app_factor_set.steps, "N", "planned",                                               \
        "steps at most, of one pass over the file each"                                                                \
  }

/** Runs the command. Collective. */
tartan_status app_factor_run(app_run *run, const char *source, app_factor *f);

/** min(m, n). Local. */
int64_t app_factor_least(const app_factor *f);

/** Memory for so many values, and imaginary parts if `complex`. Collective. TARTAN_ERR_NOMEM. */
tartan_status app_factor_values(app_factor *f, const char *letter, const char *what, int64_t count, bool complex);

/** Notes a number of the result, or a count. Local. */
void app_factor_add_number(app_factor *f, const char *name, double value);
void app_factor_add_count(app_factor *f, const char *name, int64_t value);

/** Refuses --tol, --seed and --steps where nothing is iterated. Local. */
tartan_status app_factor_no_iteration(const char *without);

/** Reads --tol, --seed and --steps. Local. */
tartan_status app_factor_iteration(app_factor *f, tartan_topk_opts *opts);

/** Appends them to the configuration. Local. */
void app_factor_note_iteration(const app_factor *f, app_notes *notes);

/** What k triplets of a streamed matrix take. Local. */
void app_factor_plan_topk(const app_factor *f, int64_t k, tartan_cost *p);

/** Notes the residual of a direct method, and that the result is wrong where it is above its limit. Local. */
void app_factor_check(app_factor *f, double residual, double limit);

/** After an iteration: its numbers, and whether it came to its tolerance. Local. */
void app_factor_iterated(app_factor *f);

#endif
