// SPDX-License-Identifier: Apache-2.0
/* Wire protocol of `h2vp serve`, over a Unix stream socket; plain C, used by server and clients.
 *
 * A client sends one request at a time, header then data (writes only); the server answers each
 * with a reply, header then data (reads only). The first request is H2_WIRE_HELLO. Simulated time
 * passes only inside READ, WRITE, WAIT_IRQ and WORK; between them it stands still. All fields are
 * little-endian, without padding. */
#ifndef H2_WIRE_H
#define H2_WIRE_H

#include <stdint.h>

#include "modules/contract/h2_contract.h"

#define H2_WIRE_MAGIC UINT32_C(0x52573248) /* "H2WR" in memory order */
#define H2_WIRE_VERSION 1U
#define H2_WIRE_MAX_BYTES (UINT32_C(1) << 24)       /* data of one request or reply */
#define H2_WIRE_MAX_WAIT_NS UINT64_C(1000000000000) /* 1000 s of simulated time */

enum h2_wire_op {
  H2_WIRE_HELLO = 1,
  H2_WIRE_READ = 2,        /* one bus transaction */
  H2_WIRE_WRITE = 3,       /* one bus transaction */
  H2_WIRE_WAIT_IRQ = 4,    /* until the interrupt line is up */
  H2_WIRE_DEBUG_READ = 5,  /* of memory, outside simulated time: for loaders */
  H2_WIRE_DEBUG_WRITE = 6, /* of memory, outside simulated time: for loaders */
  H2_WIRE_TIME = 7,        /* the reply's time is all */
  H2_WIRE_WORK = 8         /* host.cycles_per_sub_batch pass: one sub-batch of host computation */
};

/* The server closes the connection after a reply with H2_WIRE_BAD_MAGIC or a higher status. */
enum h2_wire_status {
  H2_WIRE_OK = 0,
  H2_WIRE_REFUSED = 1, /* the card answered with an error, see `response` */
  H2_WIRE_NO_IRQ = 2,  /* the timeout passed, or without one: the card no longer works */
  H2_WIRE_BAD_MAGIC = 3,
  H2_WIRE_BAD_VERSION = 4, /* the reply carries the server's version */
  H2_WIRE_BAD_OP = 5,      /* unknown, or not H2_WIRE_HELLO at first */
  H2_WIRE_BAD_LENGTH = 6   /* bytes or timeout over the limit */
};

typedef struct h2_wire_request {
  uint32_t magic; /* H2_WIRE_MAGIC */
  uint16_t version;
  uint16_t op;       /* enum h2_wire_op */
  uint64_t address;  /* WAIT_IRQ: timeout in ns of simulated time, 0: none; otherwise bus address */
  uint32_t bytes;    /* to read, or that follow to be written; otherwise 0 */
  uint32_t sequence; /* free; comes back in the reply */
} h2_wire_request;

typedef struct h2_wire_reply {
  uint32_t magic; /* H2_WIRE_MAGIC */
  uint16_t version;
  uint16_t status;   /* enum h2_wire_status */
  uint64_t time_ps;  /* simulated time */
  int32_t response;  /* of the bus, tlm_response_status: 1 ok, 0 or negative an error */
  uint32_t bytes;    /* that follow: a read with status H2_WIRE_OK; otherwise 0 */
  uint32_t sequence; /* of the request */
  uint32_t reserved; /* 0 */
} h2_wire_reply;

H2_STATIC_ASSERT(sizeof(h2_wire_request) == 24, "request header is 24 bytes");
H2_STATIC_ASSERT(sizeof(h2_wire_reply) == 32, "reply header is 32 bytes");
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the wire protocol is sent as the structures lie in memory: little-endian hosts only"
#endif

#endif
