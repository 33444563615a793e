/**
 * @file json.h
 * A small writer of JSON: keys and values in order, indented; the caller's nesting is trusted. All calls are local.
 *
 * Inside an array the key is NULL. Numbers are printed so that they read back to the same bits; NaN and Inf, which
 * JSON does not have, become null.
 */
#ifndef APP_JSON_H
#define APP_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct app_json {
  FILE *out;
  int   depth;
  bool  filled; /**< something stands before in this object or array */
} app_json;

/** Begins writing to a stream, which stays the caller's. */
void app_json_begin(app_json *json, FILE *out);

/** Opens and closes an object or array; key is NULL at the top and inside arrays. */
void app_json_object(app_json *json, const char *key);
void app_json_array(app_json *json, const char *key);
void app_json_end_object(app_json *json);
void app_json_end_array(app_json *json);

void app_json_text(app_json *json, const char *key, const char *value);
void app_json_number(app_json *json, const char *key, double value);
void app_json_count(app_json *json, const char *key, int64_t value);
void app_json_flag(app_json *json, const char *key, bool value);

/** An array of numbers on one line. */
void app_json_numbers(app_json *json, const char *key, const double *values, int64_t count);

#endif
