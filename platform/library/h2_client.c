// SPDX-License-Identifier: Apache-2.0
/* Client side of the wire protocol (platform/host/remote/h2_wire.h) as a bus for the driver. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/host/remote/h2_wire.h"
#include "platform/library/h2.h"

typedef struct connection {
  int socket;
  uint32_t sequence;
  uint64_t time_ps; /* of the last reply */
} connection;

/* 0 on success. A server that has gone must not end the program with SIGPIPE. */
static int send_all(int socket, const void* data, size_t bytes) {
  const char* at = (const char*)data;
  while (bytes != 0) {
    const ssize_t sent = send(socket, at, bytes, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return 1;
    at += sent;
    bytes -= (size_t)sent;
  }
  return 0;
}

static int receive_all(int socket, void* data, size_t bytes) {
  char* at = (char*)data;
  while (bytes != 0) {
    const ssize_t got = recv(socket, at, bytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return 1;
    at += got;
    bytes -= (size_t)got;
  }
  return 0;
}

/* One request and its reply. `out` (or null) is sent behind the header, `in` (or null) gets the
 * reply's data. Returns enum h2_wire_status, or -1 if the connection is lost or makes no sense. */
static int request(connection* c, uint16_t op, uint64_t address, const void* out, void* in,
                   uint32_t bytes) {
  h2_wire_request q = {H2_WIRE_MAGIC, H2_WIRE_VERSION, op, address, bytes, ++c->sequence};
  h2_wire_reply r;
  if (send_all(c->socket, &q, sizeof q) || (out != NULL && send_all(c->socket, out, bytes)) ||
      receive_all(c->socket, &r, sizeof r))
    return -1;
  const uint32_t expected = in != NULL && r.status == H2_WIRE_OK ? bytes : 0;
  if (r.magic != H2_WIRE_MAGIC || r.version != H2_WIRE_VERSION || r.sequence != q.sequence ||
      r.bytes != expected)
    return -1;
  if (expected != 0 && receive_all(c->socket, in, expected)) return -1;
  c->time_ps = r.time_ps;
  return r.status;
}

/* An access of any length. */
static int transfer(void* context, uint16_t op, uint64_t address, const void* out, void* in,
                    size_t bytes) {
  for (size_t at = 0; at < bytes; at += H2_WIRE_MAX_BYTES) {
    const size_t left = bytes - at;
    const uint32_t part = left < H2_WIRE_MAX_BYTES ? (uint32_t)left : H2_WIRE_MAX_BYTES;
    if (request((connection*)context, op, address + at, out ? (const char*)out + at : NULL,
                in ? (char*)in + at : NULL, part) != H2_WIRE_OK)
      return 1;
  }
  return 0;
}

static int bus_read(void* context, uint64_t address, void* data, size_t bytes) {
  return transfer(context, H2_WIRE_READ, address, NULL, data, bytes);
}

static int bus_write(void* context, uint64_t address, const void* data, size_t bytes) {
  return transfer(context, H2_WIRE_WRITE, address, data, NULL, bytes);
}

static int debug_read(void* context, uint64_t address, void* data, size_t bytes) {
  return transfer(context, H2_WIRE_DEBUG_READ, address, NULL, data, bytes);
}

static int debug_write(void* context, uint64_t address, const void* data, size_t bytes) {
  return transfer(context, H2_WIRE_DEBUG_WRITE, address, data, NULL, bytes);
}

static int bus_wait_irq(void* context) {
  return request((connection*)context, H2_WIRE_WAIT_IRQ, 0, NULL, NULL, 0) != H2_WIRE_OK;
}

static void bus_work(void* context) {
  request((connection*)context, H2_WIRE_WORK, 0, NULL, NULL, 0);
}

static int open_socket(const struct sockaddr_un* address) {
  const int handle = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (handle < 0 || connect(handle, (const struct sockaddr*)address, sizeof *address) == 0)
    return handle;
  const int reason = errno;
  close(handle);
  errno = reason;
  return -1;
}

int h2_connect(const char* socket_path, h2_bus* bus) {
  struct sockaddr_un address;
  if (bus == NULL) return H2_DRV_ARGUMENT;
  memset(&address, 0, sizeof address);
  memset(bus, 0, sizeof *bus);
  address.sun_family = AF_UNIX;
  if (socket_path == NULL || *socket_path == '\0' || strlen(socket_path) >= sizeof address.sun_path)
    return H2_DRV_ARGUMENT;
  strcpy(address.sun_path, socket_path);
  connection* c = (connection*)calloc(1, sizeof *c);
  if (c == NULL) return H2_DRV_NO_MEMORY;
  c->socket = open_socket(&address);
  int error = c->socket < 0 ? H2_DRV_NOT_FOUND : H2_OK;
  if (!error && request(c, H2_WIRE_HELLO, 0, NULL, NULL, 0) != H2_WIRE_OK) {
    close(c->socket);
    error = H2_DRV_BUS;
  }
  if (error) {
    free(c);
    return error;
  }
  const h2_bus connected = {c, bus_read, bus_write, bus_wait_irq, bus_work};
  *bus = connected;
  return H2_OK;
}

static int is_connected(const h2_bus* bus) {
  return bus != NULL && bus->context != NULL && bus->wait_irq == bus_wait_irq;
}

void h2_disconnect(h2_bus* bus) {
  if (!is_connected(bus)) return;
  connection* c = (connection*)bus->context;
  close(c->socket);
  free(c);
  memset(bus, 0, sizeof *bus);
}

h2_bus h2_loader_bus(const h2_bus* bus) {
  h2_bus loader;
  memset(&loader, 0, sizeof loader);
  if (!is_connected(bus)) return loader;
  loader = *bus;
  loader.read = debug_read;
  loader.write = debug_write;
  return loader;
}

int h2_wait_irq_for(const h2_bus* bus, uint64_t ns) {
  if (!is_connected(bus) || ns == 0 || ns > H2_WIRE_MAX_WAIT_NS) return H2_DRV_ARGUMENT;
  const int status = request((connection*)bus->context, H2_WIRE_WAIT_IRQ, ns, NULL, NULL, 0);
  return status == H2_WIRE_OK ? H2_OK : status == H2_WIRE_NO_IRQ ? H2_DRV_IRQ : H2_DRV_BUS;
}

int h2_time_ps(const h2_bus* bus, uint64_t* time) {
  if (!is_connected(bus) || time == NULL) return H2_DRV_ARGUMENT;
  connection* c = (connection*)bus->context;
  if (request(c, H2_WIRE_TIME, 0, NULL, NULL, 0) != H2_WIRE_OK) return H2_DRV_BUS;
  *time = c->time_ps;
  return H2_OK;
}

size_t h2_structure_bytes(const char* name) {
  if (name == NULL) return 0;
#define H2_IF_NAMED(type) \
  if (strcmp(name, #type) == 0) return sizeof(type);
  H2_IF_NAMED(h2_device)
  H2_IF_NAMED(h2_bus)
  H2_IF_NAMED(h2_table)
  H2_IF_NAMED(h2_layer)
  H2_IF_NAMED(h2_neuron)
  H2_IF_NAMED(h2_schedule)
  H2_IF_NAMED(h2_sub_batch)
  H2_IF_NAMED(h2_group)
#undef H2_IF_NAMED
  return 0;
}

uint64_t h2_register_address(const char* name) {
  if (name == NULL) return 0;
#define H2_IF_NAMED(reg, offset, access, reset, text) \
  if (strcmp(name, #reg) == 0) return H2_REGS_BASE + (offset);
  H2_REGISTERS(H2_IF_NAMED)
#undef H2_IF_NAMED
  return 0;
}

uint64_t h2_memory_address(uint32_t memory) { return memory < 3 ? H2_MEM_BASE(memory) : 0; }
