#include "common/json.h"

#include <math.h>
#include <stdlib.h>

void app_json_begin(app_json *json, FILE *out)
{
  json->out = out;
  json->depth = 0;
  json->filled = false;
}

/* Bytes of UTF-8 go through; what JSON reserves is escaped. */
static void put_text(FILE *out, const char *text)
{
  fputc('"', out);
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
    switch (*c) {
    case '"': fputs("\\\"", out); break;
    case '\\': fputs("\\\\", out); break;
    case '\n': fputs("\\n", out); break;
    case '\t': fputs("\\t", out); break;
    default:
      if (*c < 0x20 || *c == 0x7f)
        fprintf(out, "\\u%04x", *c);
      else
        fputc(*c, out);
    }
  }
  fputc('"', out);
}

/* The shortest of 15, 16 and 17 digits that reads back to the same number. */
static void put_number(FILE *out, double value)
{
  char text[32];

  if (!isfinite(value)) {
    fputs("null", out);
    return;
  }
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  fputs(text, out);
}

static void next(app_json *json, const char *key)
{
  if (json->filled) fputc(',', json->out);
  if (json->depth > 0) fprintf(json->out, "\n%*s", 2 * json->depth, "");
  if (key) {
    put_text(json->out, key);
    fputs(": ", json->out);
  }
  json->filled = true;
}

static void enter(app_json *json, const char *key, char bracket)
{
  next(json, key);
  fputc(bracket, json->out);
  json->depth++;
  json->filled = false;
}

static void leave(app_json *json, char bracket)
{
  json->depth--;
  if (json->filled) fprintf(json->out, "\n%*s", 2 * json->depth, "");
  fputc(bracket, json->out);
  json->filled = true;
  if (json->depth == 0) fputc('\n', json->out);
}

void app_json_object(app_json *json, const char *key)
{
  enter(json, key, '{');
}

void app_json_array(app_json *json, const char *key)
{
  enter(json, key, '[');
}

void app_json_end_object(app_json *json)
{
  leave(json, '}');
}

void app_json_end_array(app_json *json)
{
  leave(json, ']');
}

void app_json_text(app_json *json, const char *key, const char *value)
{
  next(json, key);
  put_text(json->out, value);
}

void app_json_number(app_json *json, const char *key, double value)
{
  next(json, key);
  put_number(json->out, value);
}

void app_json_count(app_json *json, const char *key, int64_t value)
{
  next(json, key);
  fprintf(json->out, "%lld", (long long)value);
}

void app_json_flag(app_json *json, const char *key, bool value)
{
  next(json, key);
  fputs(value ? "true" : "false", json->out);
}

void app_json_numbers(app_json *json, const char *key, const double *values, int64_t count)
{
  next(json, key);
  fputc('[', json->out);
  for (int64_t i = 0; i < count; i++) {
    if (i) fputs(", ", json->out);
    put_number(json->out, values[i]);
  }
  fputc(']', json->out);
}
