// SPDX-License-Identifier: Apache-2.0
/* The words for what is wrong with an argument or a group, for the driver's own sources. */
#ifndef H2_REASON_H
#define H2_REASON_H

#include "platform/driver/h2_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "NAME[INDEX]MEMBER WHY"; no index if it is negative. Return H2_DRV_ARGUMENT. */
int h2_refuse(h2_device* device, const char* name, int64_t index, const char* member,
              const char* why);
/* The same with "is VALUE: legal are LEAST to MOST". */
int h2_refuse_value(h2_device* device, const char* name, int64_t index, const char* member,
                    uint64_t value, uint64_t least, uint64_t most);
/* "NAME has HAS bytes, needed are NEEDED". Returns `error`. */
int h2_lacks(h2_device* device, int error, const char* name, uint64_t needed, uint64_t has);
/* An update that ended between two layers: `first_left`, from 1, is the first one without it. */
void h2_note_partial_step(h2_device* device, uint32_t step, uint32_t first_left, uint32_t layers);

#ifdef __cplusplus
}
#endif
#endif
