// SPDX-License-Identifier: Apache-2.0
/* The words for what is wrong with an argument or a group. */
#include "platform/driver/h2_reason.h"

/* Appends at `at`, which lies in the reason; returns its new end. */
static char* put(h2_device* d, char* at, const char* text) {
  const char* const last = d->reason + sizeof d->reason - 1;
  while (*text != '\0' && at < last) *at++ = *text++;
  *at = '\0';
  return at;
}

static char* put_number(h2_device* d, char* at, uint64_t value) {
  char digits[21];
  size_t first = sizeof digits - 1;
  digits[first] = '\0';
  do digits[--first] = (char)('0' + value % 10);
  while ((value /= 10) != 0);
  return put(d, at, digits + first);
}

/* "NAME[INDEX]MEMBER WHY" */
static char* begin(h2_device* d, const char* name, int64_t index, const char* member,
                   const char* why) {
  char* at = put(d, d->reason, name);
  if (index >= 0) at = put(d, put_number(d, put(d, at, "["), (uint64_t)index), "]");
  return put(d, put(d, put(d, at, member), " "), why);
}

int h2_refuse(h2_device* d, const char* name, int64_t index, const char* member, const char* why) {
  begin(d, name, index, member, why);
  return H2_DRV_ARGUMENT;
}

int h2_refuse_value(h2_device* d, const char* name, int64_t index, const char* member,
                    uint64_t value, uint64_t least, uint64_t most) {
  char* at = put_number(d, begin(d, name, index, member, "is "), value);
  at = put_number(d, put(d, at, least == most ? ": legal is " : ": legal are "), least);
  if (least != most) put_number(d, put(d, at, " to "), most);
  return H2_DRV_ARGUMENT;
}

void h2_note_partial_step(h2_device* d, uint32_t step, uint32_t first_left, uint32_t layers) {
  char* at = put_number(d, put(d, d->reason, "step "), step);
  at = put_number(d, put(d, at, " has updated layers "), first_left + 1);
  at = put_number(d, put(d, at, " to "), layers);
  at = put_number(d, put(d, at, " of "), layers);
  put(d, at, " and left the others whole as they were");
}

int h2_lacks(h2_device* d, int error, const char* name, uint64_t needed, uint64_t has) {
  char* at = put_number(d, begin(d, name, -1, "", "has "), has);
  put_number(d, put(d, at, " bytes, needed are "), needed);
  return error;
}
