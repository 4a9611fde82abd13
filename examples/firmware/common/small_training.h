// SPDX-License-Identifier: Apache-2.0
/* A whole training in portable C: the same source runs natively, as firmware and in an external
 * process, and leaves the same weights. Needs the driver and snprintf, 40 KiB of static memory and
 * no heap. */
#ifndef H2_SMALL_TRAINING_H
#define H2_SMALL_TRAINING_H

#include <stdint.h>

#include "platform/driver/h2_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Trains a small network on patterns that it generates itself (lines of four directions in noise,
 * from an integer generator) through the driver, then classifies patterns it never saw. `print`
 * gets one line at a time, each with its newline; it may be null. Returns H2_OK or a driver error;
 * `digest` gets FNV-1a 64 over the stored weights of all layers in order, OIHW. Not reentrant. */
int h2_small_training(const h2_bus* bus, void (*print)(const char* text), uint64_t* digest);
/* The same with the rings at a system address, see h2_place_rings(). */
int h2_small_training_at(const h2_bus* bus, uint64_t rings, void (*print)(const char* text),
                         uint64_t* digest);

#ifdef __cplusplus
}
#endif
#endif
