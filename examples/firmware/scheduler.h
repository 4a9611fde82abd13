// SPDX-License-Identifier: Apache-2.0
/* What scheduler.c and its trap entry share: the registers of a task that does not run, on its
 * stack. Byte offsets. */
#ifndef H2_FIRMWARE_SCHEDULER_H
#define H2_FIRMWARE_SCHEDULER_H

#define FRAME_A0 24
#define FRAME_MEPC 112
#define FRAME_MSTATUS 116
#define FRAME_BYTES 128

#endif
