/*
 * Decimal to binary. Up to 15 digits and a power of ten up to 22 are both exact doubles, so one product or quotient is
 * rounded correctly (Clinger: How to read floating point numbers accurately, 1990); the rest is left to the C library.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "io/import_impl.h"

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Digits, their count and the place of the point. Returns where they end. */
static const char *parse_digits(const char *at, const char *end, int64_t *mantissa, int *digits, int *scale)
{
  bool point = false;

  for (; at < end; at++) {
    if (*at == '.' && !point) {
      point = true;
    } else if (*at >= '0' && *at <= '9') {
      if (*digits < 19) *mantissa = 10 * *mantissa + (*at - '0');
      *digits += *mantissa > 0 || *digits > 0;
      *scale -= point;
    } else {
      break;
    }
  }
  return at;
}

static bool parse_short(const char *at, const char *end, double *value)
{
  const bool  negative = at < end && *at == '-';
  const char *first = at + (at < end && (*at == '-' || *at == '+')), *last;
  int64_t     mantissa = 0;
  int         digits = 0, scale = 0, exponent = 0;

  last = parse_digits(first, end, &mantissa, &digits, &scale);
  if (last == first || (last == first + 1 && *first == '.')) return false;
  if (last < end && (*last == 'e' || *last == 'E')) {
    const char *e = last + 1;
    const bool  down = e < end && *e == '-';

    if (e < end && (*e == '-' || *e == '+')) e++;
    if (e == end || end - e > 3) return false;
    for (; e < end && *e >= '0' && *e <= '9'; e++) exponent = 10 * exponent + (*e - '0');
    scale += down ? -exponent : exponent;
    last = e;
  }
  if (last != end || digits > 15 || scale > 22 || scale < -22) return false;
  *value = scale < 0 ? (double)mantissa / powers[-scale] : (double)mantissa * powers[scale];
  if (negative) *value = -*value;
  return true;
}

/* What tables write where there is no number. */
static bool is_missing(const char *text, size_t length)
{
  static const char *const words[] = {"na", "n/a", "nan", "null", "none"};

  if (length == 0) return true;
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (strlen(words[i]) == length && strncasecmp(words[i], text, length) == 0) return true;
  }
  return false;
}

bool tt_number_parse(const char *text, const char *end, locale_t locale, double *value)
{
  char   copy[400];
  char  *stop;
  size_t length;

  while (text < end && isspace((unsigned char)*text)) text++;
  while (end > text && isspace((unsigned char)end[-1])) end--;
  if (end - text >= 2 && *text == '"' && end[-1] == '"') text++, end--;
  if (parse_short(text, end, value)) return true;
  length = (size_t)(end - text);
  if (is_missing(text, length)) {
    *value = NAN;
    return true;
  }
  if (length >= sizeof copy) return false;
  memcpy(copy, text, length);
  copy[length] = '\0';
  *value = strtod_l(copy, &stop, locale);
  return stop == copy + length;
}
